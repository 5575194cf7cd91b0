"""What stands in the columns of the warehouse's views, kept over time, and how it drifts."""
