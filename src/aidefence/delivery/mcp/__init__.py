"""The MCP door: our own tools for agents, and a proxy in front of servers of others."""
