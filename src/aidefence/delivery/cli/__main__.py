"""`python -m aidefence.delivery.cli`, for where the script is not on the path."""

from aidefence.delivery.cli.main import main

main()
