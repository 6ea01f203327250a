import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The part of opensearch-keystore that charts use: create, add NAME (the value on standard input), list. By reflection,
 * because the setters of OpenSearch's own class are not public and its jars are for a newer Java than the compiler.
 */
public class Keystore {
    private static Object call(Class<?> type, Object on, String name, Object... args) throws Exception {
        for (Method method : type.getDeclaredMethods()) {
            if (method.getName().equals(name) && method.getParameterCount() == args.length) {
                method.setAccessible(true);
                return method.invoke(on, args);
            }
        }
        throw new NoSuchMethodException(type + "." + name);
    }

    public static void main(String[] args) throws Exception {
        Class<?> type = Class.forName("org.opensearch.common.settings.KeyStoreWrapper");
        Path config = Path.of(System.getProperty("opensearch.path.conf"));
        char[] noPassword = new char[0];
        Object store = call(type, null, "load", config);
        if (store == null) {
            store = call(type, null, "create");
            call(type, store, "save", config, noPassword);
        } else {
            call(type, store, "decrypt", noPassword);
        }
        switch (args.length == 0 ? "list" : args[0]) {
            case "create":
                return;
            case "list":
                System.out.println(call(type, store, "getSettingNames"));
                return;
            case "add":
                String name = args[args.length - 1];
                if (!Arrays.asList(args).contains("--stdin") && !Arrays.asList(args).contains("-x")) {
                    throw new IllegalArgumentException("only values on standard input (--stdin)");
                }
                String value = new BufferedReader(new InputStreamReader(System.in)).readLine();
                call(type, store, "setString", name, value.toCharArray());
                call(type, store, "save", config, noPassword);
                return;
            default:
                throw new IllegalArgumentException(args[0]);
        }
    }
}
