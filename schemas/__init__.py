"""What goes over the wire: schemas derived from events, framing, codec, versions, registry, compatibility."""
