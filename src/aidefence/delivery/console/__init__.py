"""Pages of the gateway: a playground at `/` and the API reference at `/docs`."""
