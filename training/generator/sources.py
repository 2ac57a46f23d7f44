"""Snippets of source code with a place for a comment: `@line`; `@note` is another comment."""

COMMENTED = (
    "def total(rows):\n    # @line\n    return sum(row.price for row in rows)\n",
    "// @note\n// @line\nexport function total(rows) {\n  return rows.map(price);\n}\n",
    '/* @line */\nint main(void) { return run(load("@file")); }\n',
    "#!/bin/sh\n# @note\n# @line\nset -eu\nmake build && make test\n",
    'class Report:\n    """@note\n\n    @line\n    """\n\n    def show(self):\n        return 1\n',
    "-- @line\nSELECT name, amount FROM orders WHERE day > '2025-03-01';\n",
    "/// @note\n/// @line\npub fn load(path: &Path) -> io::Result<String> {\n    read(path)\n}\n",
    "# @note\nservices:\n  web:\n    image: shop\n    # @line\n    ports: ['8080:80']\n",
    "package store\n\n// Save keeps a row. @line\nfunc Save(r Row) error {\n\treturn put(r)\n}\n",
    '<?php\n// @line\n$rows = $db->query("SELECT * FROM guests");\n// @note\n',
    "/**\n * @note\n *\n * @line\n */\npublic int size() {\n  return items.size();\n}\n",
    "test('adds', () => {\n  // @line\n  expect(add(1, 2)).toBe(3);\n});\n",
    "# README\n\n@note\n\n<!-- @line -->\n\n    make install\n",
    "diff --git a/app.py b/app.py\n-    retries = 3\n+    # @line\n+    retries = 5\n",
    "FROM python:3.12\n# @line\nCOPY . /app\nRUN pip install .\n# @note\n",
    'resource "bucket" "logs" {\n  # @line\n  acl = "private"\n}\n',
    "[tool.lint]\n# @note\n# @line\nline-length = 100\n",
    "body { margin: 0 }\n/* @line */\n.card { padding: 8px }\n",
    "if retry:\n    time.sleep(2)  # @line\n    fetch('@url')\n",
    'let note = "@line";\nconsole.log(note);\n',
)
