import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;

/** Writes a truststore in Java's own form (JKS), as operators have it: FILE PASSWORD CERTIFICATE, which is PEM. */
public class Truststore {
    public static void main(String[] args) throws Exception {
        KeyStore store = KeyStore.getInstance("JKS");
        store.load(null, null);
        try (FileInputStream in = new FileInputStream(args[2])) {
            store.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        try (FileOutputStream out = new FileOutputStream(args[0])) {
            store.store(out, args[1].toCharArray());
        }
    }
}
