import LinuxSystem
import Services
import Wire

/// The machine's watchdog, `/dev/watchdog` (Documentation/watchdog/watchdog-api.rst): it resets the machine
/// when PID 1's loop has not come round for too long.
///
/// It is fed from within the loop, by time, and from nowhere else: a loop that hangs, whatever in, feeds it
/// no more. In a shutdown it goes on running: services stop within the loop, and what comes after (the last
/// kill, syncing, unmounting `data`) has `finishSeconds`. Before a power-off it is stopped (the magic close);
/// in a reboot it runs on, so that a machine that hangs instead of resetting is reset by it.
final class MachineWatchdog {
    /// For writing everything to a slow disk and unmounting it.
    static let finishSeconds: Int32 = 60
    /// Longer times are not asked for, 255 being what the common chips can count.
    static let longestSeconds: UInt32 = 255

    let device: FileDescriptor
    private(set) var intervalMilliseconds: UInt64
    private(set) var nextFeeding: UInt64

    init(milliseconds: UInt32) throws(SystemCallError) {
        device = try FileDescriptor.open("/dev/watchdog", .writeOnly)
        // Whole seconds, never 0.
        let wanted = Int32(clamping: min(Self.longestSeconds, max(1, milliseconds / 1_000)))
        let seconds: Int32
        do throws(SystemCallError) {
            seconds = try Watchdog.set(seconds: wanted, on: device)
        } catch {
            // It runs since it was opened, and knows no such time: then its own.
            Log.say(.warning, error.description + "; its own time is kept")
            do throws(SystemCallError) { seconds = try Watchdog.seconds(of: device) } catch {
                Self.disarm(device)
                throw error
            }
        }
        // Three chances to be fed.
        intervalMilliseconds = UInt64(max(1, seconds)) * 1_000 / 3
        nextFeeding = Clock.monotonicMilliseconds + intervalMilliseconds
    }

    /// One that is open already, and running.
    init(_ device: consuming FileDescriptor, intervalMilliseconds: UInt64) {
        self.device = device
        self.intervalMilliseconds = max(1, intervalMilliseconds)
        nextFeeding = 0
    }

    func feedIfDue(_ now: UInt64) {
        guard now >= nextFeeding else { return }
        nextFeeding = now + intervalMilliseconds
        do throws(SystemCallError) {
            try Watchdog.feed(device)
        } catch {
            Log.say(.critical, error.description)
        }
    }

    /// The loop is over; what follows takes as long as the disks do.
    func watchFinish() {
        _ = try? Watchdog.set(seconds: Self.finishSeconds, on: device)
        try? Watchdog.feed(device)
    }

    func stop() { Self.disarm(device) }

    /// The magic close: a watchdog that is closed without it runs on.
    private static func disarm(_ device: borrowing FileDescriptor) { try? device.write([UInt8(ascii: "V")]) }
}

extension Supervision {
    /// At the start, and once more when the late modules are there: a driver may be one of them.
    func openWatchdog(isLast: Bool) {
        let milliseconds = supervisor.plan.machineWatchdogMilliseconds
        guard options.isSystem, milliseconds > 0, watchdog == nil else { return }
        do throws(SystemCallError) {
            watchdog = try MachineWatchdog(milliseconds: milliseconds)
        } catch {
            // While late modules are to come, it is too early to complain.
            if isLast { Log.say(.error, error.description + "; nothing watches over PID 1") }
        }
    }
}
