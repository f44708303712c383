"""What all servers share: listening, who may ask, files that come in, databases, trainings as processes."""
