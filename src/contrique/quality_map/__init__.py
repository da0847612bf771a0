"""Where an image looks good and where bad: ``QualityModel.map``, and the pictures of ``contrique score --map``."""
