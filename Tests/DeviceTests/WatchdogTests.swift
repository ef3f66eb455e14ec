import Emulator
import Slots
import Testing

extension DeviceTests {
    /// The machine's watchdog, with an impatient one so that the test need not be patient.
    @Suite struct MachineWatchdog {
        static let impatient = Result {
            let source = try DeviceSource("impatient", "watchdog: 4 s\n")
            return (source: source, image: try Workshop.build(source))
        }

        /// No signal stops PID 1, but the cgroup freezer does: a loop that hangs, as far as the watchdog can
        /// see. Before that, the handset lives far longer than its watchdog's time.
        @Test func aFrozenInitIsResetAndAWorkingOneIsNot() throws {
            let disk = try TestDisk(try Self.impatient.get().image)
            let freeze = """
                mkdir /sys/fs/cgroup/ice; echo 1 > /sys/fs/cgroup/ice/cgroup.procs; \
                echo 1 > /sys/fs/cgroup/ice/cgroup.freeze; sleep 1000
                """
            let script = ConsoleScript([
                ["until [ -e /dev/watchdog0 ]; do sleep 1; done; sleep 12; cat /proc/1/comm", freeze],
                ["true"],
            ])
            let record = try disk.run { $0.perform(script) }
            #expect(record.boots.map(\.slot) == [.a, .a])
            #expect(script.answers().map(\.text) == ["amos-init"])
            #expect(record.console.panic == nil && record.boots.first?.announcedShutdown == nil)
            #expect(try disk.metadata().a.lastFailure.reason == .resetUnreported)
        }

        /// The magic close: a power-off is one, although the watchdog ran until then.
        @Test func anOrderedPowerOffStopsIt() throws {
            let disk = try TestDisk(try Self.impatient.get().image)
            let script = ConsoleScript("until [ -e /dev/watchdog0 ]; do sleep 1; done; sleep 2")
            let record = try disk.run { $0.perform(script, thenPowerOff: true) }
            #expect(record.outcome == .poweredOff, "\(record.console.text.suffix(3000))")
            #expect(record.boots.count == 1)
            #expect(!record.console.text.contains("watchdog did not stop"))
        }
    }
}
