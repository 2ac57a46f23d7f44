"""The steps; the file with the highest number is the shape that this version speaks."""
