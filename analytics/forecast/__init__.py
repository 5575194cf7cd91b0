"""What will be sold, by the method that has been the nearest so far."""
