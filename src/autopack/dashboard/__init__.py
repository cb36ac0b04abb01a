"""What is served over HTTP: endpoints without logic, and the live feed as a stream."""
