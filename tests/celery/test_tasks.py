"""Tasks from end to end, sent by Celery's own client: results, progress, reasons, inputs and outputs of every kind."""
import base64
import json

import fleet
import support


class Tasks(fleet.FleetTest):
    def test_a_photo_is_restored_and_its_result_returned(self):
        self.worker()
        self.photo("in/a.png", marks=[("large", 2, 2), ("small", 4, 3)])
        result = self.send("in/a.png", "out/b.png", {"strength": 100}).get(timeout=30)
        self.assertEqual((160, 160), (result["width"], result["height"]))
        self.assertEqual(2, result["restored"])
        self.assertEqual(["restored", "restored"], [face["state"] for face in result["faces"]])
        self.assertEqual("out/b.png", result["output"])
        self.assertEqual(100, result["settings"]["strength"])
        self.assertEqual("gpen-mini", result["model"])
        self.assertGreater(result["seconds"]["total"], 0)
        self.assertEqual((160, 160), support.read_png(self.photos / "out/b.png")[:2])
        self.assertEqual((self.photos / "out/b.png").stat().st_size, result["bytes"])
        self.assert_empty()

    def test_faces_are_found(self):
        self.worker()
        self.photo("a.png", marks=[("large", 2, 2), ("doubtful", 4, 4)])
        result = self.send("a.png", task="gpen.detect").get(timeout=30)
        self.assertEqual(1, len(result["faces"]))
        box, _ = support.face_at("large", 2, 2)
        for expected, found in zip(box, result["faces"][0]["box"]):
            self.assertAlmostEqual(expected, found, delta=2)
        self.assertNotIn("output", result)
        self.assertEqual(["a.png"], self.files("photos"))


if __name__ == "__main__":
    fleet.main()
