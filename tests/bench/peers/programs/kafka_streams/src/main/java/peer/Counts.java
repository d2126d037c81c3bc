package peer;

import java.util.concurrent.atomic.LongAdder;

/** What was judged so far, told as `job.py` says, every tenth of a second in which it changed. */
final class Counts {
    private static final LongAdder MET = new LongAdder();
    private static final LongAdder MISSED = new LongAdder();
    private static volatile double first;

    private Counts() {}

    static void begin() {
        if (first == 0) {
            first = now();
        }
    }

    static void judge(boolean late) {
        (late ? MISSED : MET).increment();
    }

    static void tell() {
        Thread thread = new Thread(Counts::telling, "counts");
        thread.setDaemon(true);
        thread.start();
    }

    private static void telling() {
        long before = -1;
        while (true) {
            long met = MET.sum();
            long missed = MISSED.sum();
            if (first > 0 && met + missed != before) {
                before = met + missed;
                System.out.printf(
                        "{\"at\": %.3f, \"first\": %.3f, \"met\": %d, \"missed\": %d}%n", now(), first, met, missed);
            }
            try {
                Thread.sleep(100);
            } catch (InterruptedException ended) {
                return;
            }
        }
    }

    private static double now() {
        return System.currentTimeMillis() / 1000.0;
    }
}
