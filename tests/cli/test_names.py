#!/usr/bin/env python3
"""gpen enhance: folders, and the names of files and results."""
import os
import shutil

import support
from support import write_png


class Folders(support.CommandLineTest):
    def test_structure_is_kept(self):
        for name in ("b.png", "trip/day 1/a.png", "trip/day 2/a.png", "trip/notes.txt", "trip/.hidden.png", ".cache/c.png",
                     "upper.PNG"):
            write_png(self.root / "in" / name)
        outcome = self.enhance("in", "-o", "out", "--json")
        self.assertEqual(["b.png", "trip/day 1/a.png", "trip/day 2/a.png", "upper.PNG"], self.files())
        self.assertEqual(["in/b.png", "in/trip/day 1/a.png", "in/trip/day 2/a.png", "in/upper.PNG"],
                         [item["input"] for item in outcome.items])

    def test_results_inside_the_folder_are_not_photos(self):
        write_png(self.root / "in" / "a.png")
        self.enhance("in", "-o", "in/restored")
        self.assertEqual(["a.png", "restored/a.png"], self.files("in"))
        outcome = self.enhance("in", "-o", "in/restored/", "--json")
        self.assertEqual(["skipped"], [item["state"] for item in outcome.items])

    def test_loops_of_links(self):
        write_png(self.root / "in" / "a.png")
        write_png(self.root / "elsewhere" / "b.png")
        os.symlink(".", self.root / "in" / "self")
        os.symlink("..", self.root / "in" / "up")
        os.symlink("../elsewhere/b.png", self.root / "in" / "b.png")
        os.symlink("nowhere", self.root / "in" / "broken.png")
        outcome = self.enhance("in", "-o", "out", expect=1)
        self.assertEqual(["a.png", "b.png"], self.files())
        self.assertIn("2 linked folder(s)", outcome.err)

    def test_a_linked_folder_that_is_named(self):
        write_png(self.root / "in" / "a.png")
        os.symlink("in", self.root / "link")
        self.enhance("link", "-o", "out")
        self.assertEqual(["a.png"], self.files())

    def test_named_files_are_tried_whatever_their_ending(self):
        write_png(self.root / "face.dat")
        write_png(self.root / "face")
        self.enhance("face.dat", "face", "-o", "out")
        self.assertEqual(["face.dat.png", "face.png"], self.files())


class Collisions(support.CommandLineTest):
    def test_the_second_gets_a_number(self):
        write_png(self.root / "in" / "a.png", seed=1)
        self.enhance("in/a.png", "-o", "a.webp")
        shutil.move(self.root / "a.webp", self.root / "in" / "a.webp")
        write_png(self.root / "in" / "a-2.png", seed=2)
        outcome = self.enhance("in", "-o", "out", "--format", "png", "--json")
        self.assertEqual([("in/a-2.png", "out/a-2.png"), ("in/a.png", "out/a.png"), ("in/a.webp", "out/a-3.png")],
                         [(item["input"], item["output"]) for item in outcome.items])
        self.assertEqual(3, len(self.files()))
        again = self.enhance("in", "-o", "out", "--format", "png", "--json")
        self.assertEqual(["skipped"] * 3, [item["state"] for item in again.items])

    def test_two_folders_with_the_same_names(self):
        for folder in ("one", "two", "three"):
            write_png(self.root / folder / "sub" / "a.png")
        self.enhance("one", "two", "three", "-o", "out")
        self.assertEqual(["sub/a-2.png", "sub/a-3.png", "sub/a.png"], self.files())

    def test_upper_and_lower_case_are_the_same_on_some_disks(self):
        write_png(self.root / "one" / "a.png")
        write_png(self.root / "two" / "A.PNG")
        self.enhance("one", "two", "-o", "out")
        self.assertEqual(["A-2.PNG", "a.png"], self.files())

    def test_many_names(self):
        for number in range(300):
            write_png(self.root / "in" / f"{number}.png", 16, 16, channels=1)
        outcome = self.enhance("in", "in", "-o", "out", "--dry-run", "--json")
        self.assertEqual(600, len({item["output"] for item in outcome.items}))


class HostileNames(support.CommandLineTest):
    names = [b"new\nline.png", b"\"quotes'\\.png", b"escape\x1b[2J.png", b"bell\x07.png", b"\xff\xfe.png", b"caf\xc3\xa9.png",
             b"tab\t.png", b"%s%n.png", b" .png", b"\xe2\x80\xaegnp.png", "写真.png".encode(), b"$(touch x).png"]

    def setUp(self):
        super().setUp()
        (self.root / "in").mkdir()
        self.made = []
        for name in self.names:
            path = os.path.join(os.fsencode(self.root / "in"), name)
            try:
                with open(path, "wb") as file:
                    file.write(support.png_bytes(16, 16))
            except OSError:  # file systems that only take UTF-8
                continue
            self.made.append(name)

    def test_every_one_is_restored_under_its_own_name(self):
        self.enhance("in", "-o", "out")
        self.assertEqual(sorted(self.made), sorted(os.listdir(os.fsencode(self.root / "out"))))

    def test_json_is_valid_and_names_the_files(self):
        outcome = self.enhance("in", "-o", "out", "--json")
        self.assertEqual(len(self.made), len(outcome.items))
        outcome.out.encode("utf-8")  # nothing but UTF-8
        named = {bytes.fromhex(item["input_bytes"]) if "input_bytes" in item else item["input"].encode()
                 for item in outcome.items}
        self.assertEqual({b"in/" + name for name in self.made}, named)

    def test_terminals_get_no_control_characters(self):
        (self.root / "in" / "bad\x1b[31m.png").write_text("no picture")
        outcome = self.enhance("in", "-o", "out", expect=1)
        for text in (outcome.out, outcome.err):
            text.encode("utf-8")
            self.assertFalse(set(text) & (set(map(chr, range(32))) - {"\n"}), text)
            self.assertNotIn("\u202e", text)
        self.assertEqual(len(self.made) + 2, len(outcome.out.splitlines()))  # a line an item, one of the sum
        self.assertIn("bad?[31m.png", outcome.err)


if __name__ == "__main__":
    support.main()
