"""What protoc makes of the files in api/envoy; written by `make docs`."""
