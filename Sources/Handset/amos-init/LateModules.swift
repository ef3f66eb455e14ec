import LinuxSystem
import Services
import Wire

/// Inserts the plan's late modules in a process of their own: `finit_module` takes milliseconds each, and
/// PID 1's loop must not wait. The child writes finished event lines into a pipe; its end is the pipe's
/// end.
final class LateModules {
    let reading: FileDescriptor
    var partialLine: [UInt8] = []

    init(inserting paths: [String]) throws(SystemCallError) {
        let pipe = try Pipe()
        let writer = pipe.writing.rawValue
        _ = try ChildProcess.fork(keeping: writer) {
            Log.reopen()
            Self.insert(paths, writer)
        }
        reading = pipe.takeReading()
    }

    /// Of a child that an earlier image of this program has started.
    init(reading: consuming FileDescriptor, partialLine: [UInt8]) {
        self.reading = reading
        self.partialLine = partialLine
    }

    private static func insert(_ paths: [String], _ writer: Int32) {
        let pipe = FileDescriptor(owning: writer)
        for path in paths {
            let start = Machine.bootTimeNanoseconds
            do throws(SystemCallError) {
                _ = try KernelModule.insert(path)
            } catch {
                Log.say(.error, error.description)
                continue
            }
            let now = Machine.bootTimeNanoseconds
            let event = BootEvent.module(name: name(of: path), durationNanoseconds: now - start)
            try? pipe.write(event.line(nanoseconds: now))
        }
    }

    private static func name(of path: String) -> String {
        let file = Array(path.utf8).split(separator: UInt8(ascii: "/")).last ?? []
        return String(decoding: file.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }
}

/// An input device that may have the power key.
final class PowerKey {
    static let size = 24
    let path: String
    let device: FileDescriptor

    init(_ path: String, _ device: consuming FileDescriptor) {
        self.path = path
        self.device = device
    }

    /// Whether the key went down: `struct input_event` = 16 bytes of time, u16 type, u16 code, i32 value.
    /// Throws when the device has gone.
    func wasPressed() throws(SystemCallError) -> Bool {
        var isPressed = false
        while true {
            let bytes: [UInt8]
            do throws(SystemCallError) {
                bytes = try device.read(upTo: Self.size)
            } catch  where error.code == SystemCallError.wouldBlock {
                return isPressed
            }
            guard bytes.count == Self.size else { return isPressed }
            let type = UInt16(bytes[16]) | UInt16(bytes[17]) << 8
            let code = UInt16(bytes[18]) | UInt16(bytes[19]) << 8
            // EV_KEY, KEY_POWER, pressed.
            if type == 1, code == 116, bytes[20] == 1 { isPressed = true }
        }
    }
}

extension Supervision {
    /// Handsets have a handful of input devices; more are not looked at.
    private static let powerKeyLimit = 16

    func startLateModules() {
        guard options.isSystem else { return }
        findPowerKeys()
        let paths = supervisor.plan.lateModules
        if !paths.isEmpty { insertLateModules(paths) }
    }

    /// One after the other: what a new plan brings waits for what is under way.
    func insertLateModules(_ paths: [String]) {
        guard lateModules == nil else {
            waitingModules += paths
            return
        }
        do throws(SystemCallError) {
            let modules = try LateModules(inserting: paths)
            try epoll.add(modules.reading, tag: Self.tag(.modules, 0))
            lateModules = modules
        } catch {
            Log.say(.error, error.description)
        }
    }

    func takeModuleEvents() {
        guard let modules = lateModules, let bytes = try? modules.reading.read(upTo: 4096) else { return }
        guard !bytes.isEmpty else {
            lateModules = nil
            openWatchdog(isLast: true)
            let next = waitingModules
            waitingModules = []
            if !next.isEmpty { insertLateModules(next) }
            return
        }
        modules.partialLine += bytes
        while let end = modules.partialLine.firstIndex(of: 0x0a) {
            announcer.pass(Array(modules.partialLine[...end]))
            modules.partialLine.removeFirst(end + 1)
        }
        // A later module may hang: what this one brought is not kept waiting.
        openWatchdog(isLast: false)
    }

    /// Those that are there; the kernel tells of what a module or a person brings later.
    func findPowerKeys() {
        watchDevices()
        guard let names = try? Directory.names(in: "/dev/input") else { return }
        for name in names where name.starts(with: "event".utf8) {
            let slot = powerKeys.firstIndex { $0 == nil } ?? powerKeys.count
            guard slot < Self.powerKeyLimit else { return }
            let path = "/dev/input/" + String(decoding: name, as: UTF8.self)
            guard !powerKeys.contains(where: { $0.map { UTF8Text.equal($0.path, path) } ?? false }),
                let device = try? FileDescriptor.open(path, .nonBlocking)
            else { continue }
            let key = PowerKey(path, device)
            guard (try? epoll.add(key.device, tag: Self.tag(.powerKey, slot))) != nil else { continue }
            if slot == powerKeys.count { powerKeys.append(nil) }
            powerKeys[slot] = key
        }
    }

    func takePowerKey(_ index: Int) {
        do throws(SystemCallError) {
            if try powerKeys[index]?.wasPressed() == true { beginShutdown(.powerOff) }
        } catch {
            // Unplugged: the epoll would report it for ever.
            powerKeys[index] = nil
        }
    }
}
