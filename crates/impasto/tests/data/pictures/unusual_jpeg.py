"""Makes unusual-*.jpg, and what libjpeg reads of them. Needs cjpeg and djpeg (Debian: libjpeg-turbo-progs) and Pillow."""
import subprocess
from pathlib import Path

from PIL import Image

here = Path(__file__).parent
photo = Image.new("RGB", (43, 37))
photo.putdata([((x * 5 + y) % 256, (y * 6 + x * x // 20) % 256, 200 - (x * y) // 9 % 200) for y in range(37) for x in range(43)])
photo.save("/tmp/unusual.ppm")
scans = {"inorder": "0;\n1;\n2;\n", "reversed": "2;\n1;\n0;\n", "pair": "0;\n1 2;\n"}
samplings = {"444": "1x1,1x1,1x1", "422": "2x1,1x1,1x1", "440": "1x2,1x1,1x1", "420": "2x2,1x1,1x1", "small-luma": "1x1,2x2,2x2"}
for sampling, factors in samplings.items():
    for order, script in {"one": None, **scans}.items():
        if order == "one" and sampling != "small-luma":
            continue  # `420.jpg` and `444.jpg` are such
        for restart in ([], ["-restart", "2B"]):
            if restart and order != "inorder":
                continue
            name = here / f"unusual-{sampling}-{order}{'-restart' if restart else ''}.jpg"
            extra = []
            if script:
                Path("/tmp/unusual.scans").write_text(script)
                extra = ["-scans", "/tmp/unusual.scans"]
            subprocess.run(["cjpeg", "-quality", "90", "-sample", factors, *extra, *restart, "-outfile", name, "/tmp/unusual.ppm"], check=True)
            subprocess.run(["djpeg", "-outfile", "/tmp/unusual-out.ppm", name], check=True)
            Image.open("/tmp/unusual-out.ppm").save(f"{name}.png", optimize=True)
