#!/usr/bin/env python3
"""servers.py tls TARGET_HOST:PORT FOLDER   TLS before a plain server, by an authority of its own (FOLDER/ca.pem)
servers.py sts TOKEN ACCESS_KEY SECRET_KEY  AWS's STS, as far as AssumeRoleWithWebIdentity goes; any other request is refused

Prints the port on loopback that it listens on, and serves until it is ended.
"""
import http.server
import socket
import ssl
import subprocess
import sys
import threading
import urllib.parse


def tls(target, folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a house of one's own", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "request.pem")
    with open(f"{folder}/names", "w", encoding="ascii") as names:
        names.write("subjectAltName=DNS:localhost")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "cert.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    host, port = target.rsplit(":", 1)

    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(client):
        try:
            with context.wrap_socket(client, server_side=True) as inside, socket.create_connection((host, int(port))) as server:
                back = threading.Thread(target=pump, args=(server, inside), daemon=True)
                back.start()
                pump(inside, server)
                back.join()
        except OSError:
            pass  # a client that does not trust the certificate

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def sts(token, access_key, secret_key):
    class Sts(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            asked = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
            good = (asked.get("Action") == "AssumeRoleWithWebIdentity" and asked.get("WebIdentityToken") == token
                    and asked.get("RoleArn") == "arn:aws:iam::123456789012:role/hwdr" and asked.get("RoleSessionName"))
            answer = f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>{secret_key}</SecretAccessKey>
<SessionToken></SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>""" if good else """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>InvalidIdentityToken</Code><Message>not this one</Message></Error></ErrorResponse>"""
            self.send_response(200 if good else 400)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    print(server.server_port, flush=True)
    server.serve_forever()


{"tls": tls, "sts": sts}[sys.argv[1]](*sys.argv[2:])
