"""What the mesh does by the clock: judging quality, refreshing marts, whatever else its users put down."""
