# shellcheck shell=bash
# Superset from PyPI with the Python of Debian, laid out as in upstream's image: /app/.venv, /app/pythonpath, /usr/bin/run-server.sh.
VERSION=$SUPERSET-$(cat "$LAB"/superset/{requirements.txt,run-server.sh,create_role.py,MySQLdb.py} "${BASH_SOURCE[0]}" | sha256sum | cut -c1-8)

build() {
  local venv=$OUT/app/.venv site library folder
  debian python3-venv
  mkdir -p "$OUT"/{app/pythonpath,app/superset_home,scripts,usr/bin}
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" -q install --disable-pip-version-check --no-deps --no-compile \
    -r "$LAB/superset/requirements.txt" "apache-superset==$SUPERSET"
  site=$(echo "$venv"/lib/python3.*/site-packages)
  trim "$site"
  install -m 644 "$LAB/superset/MySQLdb.py" "$site/MySQLdb.py"
  # The environment's own path, in every program's first line.
  find "$venv/bin" -type f -exec sed -i "1s|^#!$OUT|#!|" {} +
  ln -sf /usr/bin/python3 "$venv/bin/python3"
  rm -rf "$venv"/bin/{pip*,Activate.ps1,activate*}

  # Python itself, and what it links to beyond the C library, which the base layer has.
  dpkg -L python3-minimal python3.11-minimal libpython3.11-minimal libpython3.11-stdlib |
    grep -E '^/usr/(bin|lib)/' | while read -r library; do [ -d "$library" ] || echo "${library#/}"; done |
    tar -C / -cf - -T - | tar -C "$OUT" -xf -
  ldd /usr/bin/python3.11 "$OUT"/usr/lib/python3.11/lib-dynload/*.so | awk '$2 == "=>" {print $3}' | sort -u |
    while read -r library; do
      ! dpkg -S "$library" 2>/dev/null | grep -q '^libc6:' || continue
      folder=$(readlink -f "$(dirname "$library")")
      mkdir -p "$OUT$folder" && cp -L "$library" "$OUT$folder/"
    done

  # Compiled here, since the image's files cannot be written; and whatever the time of the sources, which layers do not keep.
  /usr/bin/python3 -m compileall -q -j "$JOBS" --invalidation-mode unchecked-hash -s "$OUT" "$site" "$OUT/usr/lib/python3.11"
  install -m 755 "$LAB/superset/run-server.sh" "$OUT/usr/bin/"
  install -m 755 "$LAB/superset/create_role.py" "$OUT/scripts/"
  chown 1000:1000 "$OUT/app/superset_home"
}

# trim SITE-PACKAGES: removes what a server without browsers does not read: tests, headers, translations, the pages' scripts.
trim() {
  local site=$1
  find "$site" -depth -type d \( -name tests -o -name __pycache__ -o -name include \) -exec rm -rf {} +
  find "$site" -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' -o -name '*.c' -o -name '*.h' -o -name '*.map' \) -delete
  find "$site/superset/static/assets" -type f ! -name manifest.json -delete
  find "$site/superset/static/assets" -type d -empty -delete
  rm -rf "$site"/{pip,setuptools,pkg_resources,_distutils_hack}{,-*} "$site"/distutils-precedence.pth
  rm -rf "$site"/superset/translations/??{,_*} "$site"/flask_appbuilder/{static,translations} "$site"/holidays/locale
  find "$site/babel/locale-data" -name '*.dat' ! -name 'root.dat' ! -name 'en*.dat' -delete
  rm -rf "$site"/selenium/webdriver/common/{linux,macos,windows,devtools} "$site"/pyarrow/{libarrow_flight,libarrow_python_flight,_flight}*
}
