"""What a load needs and costs, on paper: prices, measured times, and a simulation of the queue."""
