import LinuxSystem
import Services
import Wire

/// What PID 1 keeps over a reboot: stamps of one-shots that are done for good, and when timers last ran.
///
///     STATE/stamps/NAME   empty; the service NAME has succeeded on this `data`
///     STATE/timers        `TimerRecords`
///
/// A disk may take seconds to write and may hang for ever, so the writing is done by a process of its own,
/// one at a time; a power cut before it is done loses the newest entry and nothing else. A one-shot whose
/// stamp is lost runs again.
final class StateFiles {
    let directory: String
    /// 0: none is running.
    private var writer: Int32 = 0
    private var pending: [(name: String, bytes: [UInt8])] = []
    /// No process can be had: said once.
    private var hasComplained = false

    init(_ directory: String) { self.directory = directory }

    /// At most one version of each file waits.
    func keep(_ name: String, _ bytes: [UInt8]) {
        pending.removeAll { UTF8Text.equal($0.name, name) }
        pending.append((name, bytes))
        start()
    }

    /// Whether this was the writing process.
    func takeEnded(_ process: Int32) -> Bool {
        guard process == writer else { return false }
        writer = 0
        start()
        return true
    }

    /// At the end of the machine: a stamp that was just set is not thrown away by the last kill.
    func finish(withinMilliseconds patience: UInt64) {
        let end = Clock.monotonicMilliseconds + patience
        while !isIdle, Clock.monotonicMilliseconds < end {
            retry()
            guard let ended = ChildProcess.reap() else {
                Machine.sleep(milliseconds: 1)
                continue
            }
            _ = takeEnded(ended.process)
        }
    }

    /// Nothing is being written, and nothing waits.
    var isIdle: Bool { writer == 0 && pending.isEmpty }

    /// What could not be begun (no room for a process) is tried again, once per turn of the loop.
    func retry() { if !pending.isEmpty { start() } }

    func readTimers() -> TimerRecords {
        guard let bytes = contents(of: directory + "/timers", limit: TimerRecords.sizeLimit) else {
            return TimerRecords()
        }
        do throws(WireError) {
            return try TimerRecords(decoding: bytes.span)
        } catch {
            Log.say(.warning, directory + "/timers: " + error.description + "; timers begin anew")
            return TimerRecords()
        }
    }

    func isStamped(_ service: String) -> Bool { Directory.exists(directory + "/stamps/" + service) }

    private func start() {
        guard writer == 0, !pending.isEmpty else { return }
        let (files, directory) = (pending, directory)
        do throws(SystemCallError) {
            writer = try ChildProcess.fork {
                Log.reopen()
                for file in files { Self.write(file.name, file.bytes, directory) }
            }
            pending = []
            hasComplained = false
        } catch {
            // Kept, and tried again.
            if !hasComplained { Log.say(.warning, error.description + "; it is tried again") }
            hasComplained = true
        }
    }

    private static func write(_ name: String, _ bytes: [UInt8], _ directory: String) {
        do throws(SystemCallError) {
            try Directory.makeAll(directory + "/stamps")
            try Directory.replaceFile(directory + "/" + name, with: bytes)
            // The rename itself must be on the disk, too.
            let parent = name.utf8.starts(with: "stamps/".utf8) ? directory + "/stamps" : directory
            try FileDescriptor.open(parent, .directory).synchronize()
        } catch {
            Log.say(.error, error.description)
        }
    }
}

extension Supervision {
    /// Services of the plan that need not run any more.
    static func stampedServices(_ plan: BootPlan, _ state: StateFiles) -> [Int] {
        var stamped: [Int] = []
        for (index, service) in plan.services.enumerated() where service.runsOncePerInstallation {
            if state.isStamped(service.name) { stamped.append(index) }
        }
        return stamped
    }
}
