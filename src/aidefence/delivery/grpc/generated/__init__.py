"""What protoc makes of the files in api/; written by `make docs`."""
