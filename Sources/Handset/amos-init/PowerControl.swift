import LinuxSystem
import Services
import Slots
import Wire

/// The end of the machine, after the last service has ended.
enum PowerControl {
    /// How long what ignored everything else may take to die, and to let go of `data`: SIGKILL needs no
    /// longer unless the kernel hangs.
    static let killPatienceMilliseconds: UInt64 = 500

    static func finish(_ kind: ShutdownKind, _ announcer: Announcer, _ watchdog: MachineWatchdog?) {
        watchdog?.watchFinish()
        endStragglers()
        Machine.synchronizeDisks()
        for path in MountTable.read().paths.reversed() where isData(path) { unmount(path, announcer) }
        SlotRecord.update { metadata, slot in
            metadata.endInOrder(slot, kind == .powerOff ? .powerOff : .reboot)
        }
        announcer.flush()
        if kind == .powerOff { watchdog?.stop() }
        end(kind)
    }

    /// Syncs and goes; never comes back.
    static func end(_ kind: ShutdownKind) -> Never {
        Machine.synchronizeDisks()
        while true {
            let refusal = kind == .powerOff ? Machine.powerOff() : Machine.restart()
            Log.say(.emergency, refusal.description)
            // PID 1 must not exit: the kernel would panic. Somebody will switch it off.
            Machine.sleep(milliseconds: 10_000)
        }
    }

    private static func endStragglers() {
        ChildProcess.send(ChildProcess.killSignal, to: -1)
        let end = Clock.monotonicMilliseconds + killPatienceMilliseconds
        while ChildProcess.hasChildren, Clock.monotonicMilliseconds < end {
            if ChildProcess.reap() == nil { Machine.sleep(milliseconds: 1) }
        }
    }

    private static func isData(_ path: String) -> Bool {
        path.utf8.starts(with: "/data".utf8)
            && (path.utf8.count == 5 || path.utf8.starts(with: "/data/".utf8))
    }

    /// A file system that is still in use is at least made read-only, so that its journal is clean.
    private static func unmount(_ path: String, _ announcer: Announcer) {
        let end = Clock.monotonicMilliseconds + killPatienceMilliseconds
        while true {
            do throws(SystemCallError) {
                try Mount.detach(path)
                return announcer.announce(.unmounted(path: path))
            } catch  where error.code == SystemCallError.busy && Clock.monotonicMilliseconds < end {
                // Not every killed process is a child to wait for: the kernel's helper that keeps a crash
                // report is none.
                Machine.sleep(milliseconds: 5)
            } catch {
                Log.say(.warning, error.description)
                try? Mount.attach("none", at: path, type: "none", [.remount, .readOnly])
                return
            }
        }
    }
}
