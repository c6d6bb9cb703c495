"""What a playground is set to: fields and their controls, addresses and links, the menus of the page."""
