"""How big: mb, ML and Ms of stations and their network values, non-detections counted."""
