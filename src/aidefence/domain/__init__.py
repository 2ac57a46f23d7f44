"""Words only: values without behaviour of the outside world. Standard library, no I/O."""
