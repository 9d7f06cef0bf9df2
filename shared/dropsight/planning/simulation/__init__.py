"""A discrete-event simulation of one upload's way through queues and instances."""
