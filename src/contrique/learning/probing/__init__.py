"""From pristine photographs to a probe of distortions: views, fits, measurements. Needs the extra learn, not torch."""
