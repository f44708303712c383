"""The methods. Each is a folder; the registry names them; none imports another."""
