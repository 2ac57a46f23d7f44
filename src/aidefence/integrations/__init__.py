"""A guard inside of frameworks of others: each module needs the framework it is named after."""
