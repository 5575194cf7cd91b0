"""Tests that ask of a retailer's whole trade: those of one retailer share a mesh that carries it."""
