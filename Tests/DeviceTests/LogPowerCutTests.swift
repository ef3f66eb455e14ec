import Emulator
import Foundation
import Slots
import Testing

extension DeviceTests {
    /// The log on `data`, when the power goes without a word.
    @Suite struct LogPowerCut {
        /// Five seconds of lines, then more time than may be lost, then a reset that writes nothing: what the
        /// guest had only in its memory is gone.
        @Test func whatIsOlderThanTheLastSecondIsThere() throws {
            let before = [
                "echo on > /proc/sys/kernel/printk_devkmsg",
                "i=0; while [ $i -lt 50 ]; do echo mark $i. > /dev/kmsg; sleep 0.1; i=$((i+1)); done",
                "sleep 3",
                "echo b > /proc/sysrq-trigger",
            ]
            let after = [
                "amosctl log --boot previous --lines all | grep -o 'mark [0-9]*[.]'",
                "amosctl log --boot current --lines all | grep -c 'mark [0-9]*[.]'",
            ]
            let script = ConsoleScript([before, after])
            let record = try TestDisk(try Workshop.phone.get()).run {
                $0.perform(script, thenPowerOff: true)
            }
            let console = record.console.text.suffix(3000)
            #expect(record.boots.map(\.slot) == [.a, .a] && record.outcome == .poweredOff, "\(console)")
            let answers = script.answers(boot: 1)
            try #require(answers.count == after.count, "\(console)")
            // Each of them once, in order.
            #expect(answers[0].text.split(separator: "\n") == (0..<50).map { "mark \($0)." })
            #expect(answers[1].text == "0")
        }
    }
}
