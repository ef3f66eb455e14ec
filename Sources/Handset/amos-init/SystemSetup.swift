import LinuxSystem
import Services
import Wire

/// What a running Linux needs before the first service: mounts that stage 1 did not make, the name, the
/// loopback. Nothing here stops a boot: what fails is logged, and the service that needed it says so
/// itself.
enum SystemSetup {
    private struct Point {
        let path: String
        let type: String
        let flags: Mount.Flags
        let options: String
    }

    private static let closed: Mount.Flags = [.noSetuid, .noDevices, .noExecute]

    private static let points = [
        Point(path: "/proc", type: "proc", flags: closed, options: ""),
        Point(path: "/sys", type: "sysfs", flags: closed, options: ""),
        Point(path: "/dev", type: "devtmpfs", flags: .noSetuid, options: "mode=0755"),
        Point(path: "/run", type: "tmpfs", flags: [.noSetuid, .noDevices], options: "mode=0755"),
        Point(path: "/tmp", type: "tmpfs", flags: [.noSetuid, .noDevices], options: "mode=1777"),
        Point(
            path: "/dev/pts", type: "devpts", flags: [.noSetuid, .noExecute],
            options: "mode=0620,ptmxmode=0666"),
        Point(path: "/dev/shm", type: "tmpfs", flags: [.noSetuid, .noDevices], options: "mode=1777"),
        Point(path: "/dev/mqueue", type: "mqueue", flags: closed, options: ""),
        Point(path: "/sys/fs/cgroup", type: "cgroup2", flags: closed, options: "nsdelegate"),
    ]

    static func prepare(_ announcer: Announcer) {
        let mounted = MountTable.read()
        var made: [Point] = []
        for point in points where !mounted.contains(point.path) {
            // Only what lies on a file system that can take it; the others are part of the image.
            if point.path.utf8.starts(with: "/dev/".utf8) { try? Directory.make(point.path) }
            if mount(point) { made.append(point) }
        }
        occupyStandardStreams()
        announcer.openPort()
        for entry in mounted.entries { announcer.announce(entry) }
        for point in made {
            announcer.announce(.mount(path: point.path, type: point.type, options: point.options))
        }
        set("/proc/sys/kernel/core_pattern", "|/usr/libexec/amos/amos-crash %P %s %t %E")
        // One dump at a time: a crash loop must not fill the memory with dumping processes.
        set("/proc/sys/kernel/core_pipe_limit", "1")
        // Ctrl-Alt-Del would reset at once, with `data` mounted; now PID 1 gets SIGINT, and ends in order.
        set("/proc/sys/kernel/ctrl-alt-del", "0")
        // Or the kernel keeps ten lines of PID 1 in five seconds, and drops the rest: of a bad boot, or of
        // who used up the budget of a shutdown.
        set("/proc/sys/kernel/printk_devkmsg", "on\n")
        // Notifications that may wait for PID 1; with ten, a thousand services that start would wait in line.
        set("/proc/sys/net/unix/max_dgram_qlen", "512")
        try? Directory.make("/run/amos")
    }

    static func applyIdentity(_ plan: BootPlan) {
        attempt { () throws(SystemCallError) in try Host.setName(plan.hostname) }
        attempt { () throws(SystemCallError) in try Host.bringLoopbackUp() }
    }

    private static func mount(_ point: Point) -> Bool {
        do throws(SystemCallError) {
            try Mount.attach(
                point.type, at: point.path, type: point.type, point.flags, options: point.options)
            return true
        } catch {
            // A kernel without message queues is no reason for a message.
            if !UTF8Text.equal(point.type, "mqueue") { Log.say(.warning, error.description) }
            return false
        }
    }

    /// 0, 1 and 2 must be taken, or a pipe of ours would get such a number and become a service's output.
    static func occupyStandardStreams() {
        while let null = try? FileDescriptor.open("/dev/null", .readWrite) {
            // Dropped by name once the first three numbers are taken.
            if null.rawValue > 2 { return }
            _ = null.release()
        }
    }

    /// Stage 1 hurried the kernel's grace periods for the boot; from now on they may take their time again.
    static func settle() { set("/sys/kernel/rcu_expedited", "0") }

    private static func set(_ path: String, _ value: String) {
        attempt { () throws(SystemCallError) in
            let file = try FileDescriptor.open(path, .writeOnly)
            do throws(SystemCallError) {
                try file.write(Array(value.utf8))
            } catch {
                throw SystemCallError("write " + value + " to", path, code: error.code)
            }
        }
    }

    private static func attempt(_ body: () throws(SystemCallError) -> Void) {
        do throws(SystemCallError) { try body() } catch { Log.say(.warning, error.description) }
    }
}
