"""Parts of the gateway, made as the settings say. Each module opens one of them."""
