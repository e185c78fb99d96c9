"""Proves that the include check finds what it is there to find, and nothing else."""

import pathlib
import tempfile
import unittest

import check_includes

LAYERS = {
    "base": "tinderbox_library(base DEPS fmt)",
    "spark": "tinderbox_library(spark DEPS base proto)",
    "engine": "tinderbox_library(engine\n  DEPS spark duckdb)",
    "dataframe": "tinderbox_library(dataframe DEPS spark TEST_DEPS engine)",
}


class CheckIncludes(unittest.TestCase):
    def findings(self, files, layers=None):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in (LAYERS | (layers or {})).items():
                files = files | {f"src/{name}/CMakeLists.txt": text}
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return check_includes.check(root)

    def assert_allowed(self, path, *lines):
        self.assertEqual(self.findings({path: "\n".join(lines)}), [])

    def assert_refused(self, path, line, reason):
        found = self.findings({path: "// first line\n" + line + "\n"})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(path + ":2: "), found)
        self.assertIn(reason, found[0])

    def test_own_lower_and_system_headers_are_allowed(self):
        self.assert_allowed(
            "src/engine/x.cc", "#include <vector>", "#include <sys/mman.h>", '#include "engine/x.h"',
            '#include "base/log.h"', "#include <fmt/format.h>", '#include "tinderbox/error.h"', '#include "spark/proto.h"')

    def test_a_higher_folder_is_refused(self):
        self.assert_refused("src/spark/x.cc", '#include "engine/x.h"', "spark may not use engine")

    def test_a_folder_beside_is_refused(self):
        self.assert_refused("src/dataframe/x.cc", '#include "engine/x.h"', "dataframe may not use engine")

    def test_angle_brackets_and_spaces_do_not_hide_an_include(self):
        self.assert_refused("src/base/x.h", "  #  include <spark/types.h>", "base may not use spark")

    def test_an_include_inside_a_condition_counts(self):
        found = self.findings({"src/base/x.h": '#ifdef X\n#include "spark/types.h"\n#endif\n'})
        self.assertEqual(found, ["src/base/x.h:2: base may not use spark (spark/types.h)"])

    def test_a_public_header_of_a_higher_folder_is_refused(self):
        self.assert_refused("src/spark/x.cc", '#include "tinderbox/dataframe.h"', "spark may not use dataframe")

    def test_public_headers_stand_in_a_layer_too(self):
        self.assert_refused("include/tinderbox/error.h", '#include "tinderbox/row.h"', "base may not use spark")

    def test_an_unlisted_public_header_is_refused(self):
        self.assertIn("belongs to no folder", self.findings({"include/tinderbox/new.h": ""})[0])

    def test_a_third_party_that_is_not_in_deps_is_refused(self):
        self.assert_refused("src/spark/x.cc", "#include <duckdb.h>", "spark may not use duckdb")

    def test_an_unknown_third_party_is_refused(self):
        self.assert_refused("src/base/x.cc", "#include <boost/any.hpp>", "nothing is known about it (boost/any.hpp)")

    def test_test_deps_are_for_tests_only(self):
        self.assert_allowed("src/dataframe/x_test.cc", '#include "engine/x.h"', "#include <gtest/gtest.h>")
        self.assert_refused("src/dataframe/x.cc", "#include <gtest/gtest.h>", "dataframe may not use gtest")

    def test_the_protocol_stays_inside_a_folder(self):
        headers = {
            "src/spark/proto.h": '#include "spark/connect/base.pb.h"',
            "src/engine/private.h": '#include "spark/proto.h"',
            "src/engine/x.cc": '#include "engine/private.h"',
            "src/spark/x.cc": "#include <google/protobuf/any.pb.h>",
            "src/dataframe/x.cc": '#include "spark/proto.h"',
        }
        self.assertEqual(self.findings(headers), [])
        found = self.findings(headers | {"src/dataframe/x_test.cc": '#include "engine/private.h"'})
        self.assertEqual(found, ["src/dataframe/x_test.cc:1: this header brings the protocol out of engine (engine/private.h)"])

    def test_a_public_header_is_free_of_the_protocol(self):
        for header in ("spark/connect/base.pb.h", "spark/proto.h"):
            found = self.findings({"src/spark/proto.h": "#include <spark/connect/base.pb.h>",
                                   "include/tinderbox/row.h": f'#include "{header}"'})
            self.assertEqual(found, [f"include/tinderbox/row.h:1: a public header may not bring in the protocol ({header})"])
        found = self.findings({
            "src/spark/deep.h": "#include <google/protobuf/any.pb.h>",
            "include/tinderbox/row.h": '#include "spark/deep.h"',
        })
        self.assertEqual(found, ["include/tinderbox/row.h:1: a public header may not bring in the protocol (spark/deep.h)"])

    def test_duckdb_stays_in_its_folder(self):
        self.assert_allowed("src/engine/duckdb/x.h", '#include "duckdb.h"')
        self.assert_refused("src/engine/x.cc", "#include <duckdb.h>", "stays inside")

    def test_a_header_does_not_carry_duckdb_out_of_its_folder(self):
        headers = {
            "src/engine/duckdb/api.h": "#include <duckdb.h>",
            "src/engine/duckdb/source.h": '#include "engine/duckdb/api.h"',
            "src/engine/duckdb/source.cc": '#include "engine/duckdb/source.h"',
        }
        self.assertEqual(self.findings(headers), [])
        found = self.findings(headers | {"src/engine/x.cc": '#include "engine/duckdb/source.h"'})
        self.assertEqual(found, ["src/engine/x.cc:1: duckdb.h stays inside src/engine/duckdb (engine/duckdb/source.h)"])

    def test_a_circle_is_refused(self):
        found = self.findings({}, {"base": "tinderbox_library(base DEPS engine)"})
        self.assertTrue(any("depends on itself" in line for line in found), found)


if __name__ == "__main__":
    unittest.main()
