"""The picture of what an encoder learned: images as points in a plane, with numbers beside it. Needs the extra `embed`.

image files ──(distort)──▶ points (features, labels, thumbnails) ──▶ layout ──▶ picture, page, table, numbers
"""
