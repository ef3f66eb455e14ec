import Testing
import Wire

@testable import Emulator

/// What is decided from outside, without a guest.
@Suite struct ObservationTests {
    @Test func silenceBeforeReadyIsAHang() {
        var idle = HangDetector(now: 0)
        #expect(idle.check(at: 11.9, processorSeconds: 0.5) == nil)
        #expect(idle.check(at: 12, processorSeconds: 0.5) == .idle(seconds: 12))
        #expect(idle.check(at: 12, processorSeconds: 11) == nil)
        #expect(idle.check(at: 30, processorSeconds: 29) == .busy(seconds: 30))
        idle.progressed(at: 29, processorSeconds: 28)
        #expect(idle.check(at: 30, processorSeconds: 29) == nil)
        idle.becameReady()
        #expect(idle.check(at: 1000, processorSeconds: 29) == nil)
    }

    @Test func consoleKeys() {
        var prefixed = false
        #expect(ConsoleKey.parse(Array("ls\r".utf8), prefixed: &prefixed) == [.send(Array("ls\r".utf8))])
        #expect(
            ConsoleKey.parse([UInt8(ascii: "a"), 1], prefixed: &prefixed) == [.send([UInt8(ascii: "a")])])
        #expect(prefixed)
        #expect(ConsoleKey.parse([UInt8(ascii: "x"), 9], prefixed: &prefixed) == [.end])
        #expect(
            ConsoleKey.parse([1, UInt8(ascii: "p"), 3], prefixed: &prefixed) == [.powerButton, .send([3])])
        #expect(ConsoleKey.parse([1, 1], prefixed: &prefixed) == [.send([1])])
    }

    @Test func eventLinesAreCutWhereverTheyBreak() {
        let line = BootEvent.service(name: "logd", state: .ready, pid: 3).line(nanoseconds: 5)
        for cut in 0...line.count {
            var stream = EventStream()
            let events = stream.append(Array(line[..<cut])) + stream.append(line[cut...] + line)
            #expect(events.count == 2 && events[0].nanoseconds == 5)
            #expect(stream.malformed.isEmpty)
        }
    }

    @Test func whatIsNoEventIsKeptForPeople() {
        var stream = EventStream()
        #expect(stream.append(Array("hello\n{}\n".utf8)).isEmpty)
        #expect(stream.malformed == ["hello", "{}"])
        _ = stream.append([UInt8](repeating: 65, count: 5000))
        #expect(stream.malformed.count == 3)
        for _ in 0..<20 { _ = stream.append([66, 10]) }
        #expect(stream.malformed.count == 10)
    }

    @Test func panicsAreFoundWhereverTheLineBreaks() {
        let text = Array("[ 1.0] Kernel panic - not syncing: no init\r\nrest".utf8)
        for cut in 0...text.count {
            var log = ConsoleLog()
            log.append(Array(text[..<cut]))
            log.append(Array(text[cut...]))
            #expect(log.panic == "Kernel panic - not syncing: no init")
        }
        var log = ConsoleLog()
        log.append(Array("panic\n\nKernel pani\n".utf8))
        #expect(log.panic == nil)
    }

    @Test func screensAreBlankOrNot() {
        let head = Array("P6\n20 10\n255\n".utf8)
        var pixels = [UInt8](repeating: 7, count: 600)
        #expect(Screen(ppm: head + pixels) == Screen(width: 20, height: 10, commonestCount: 200))
        #expect(Screen(ppm: head + pixels)?.isBlank == true)
        for index in 0..<300 { pixels[index] = 9 }
        #expect(Screen(ppm: head + pixels)?.isBlank == false)
        #expect(Screen(ppm: head + pixels.dropLast()) == nil)
        #expect(Screen(ppm: Array("P6 99999999 9 255\n".utf8)) == nil)
        #expect(Screen(ppm: []) == nil)
    }

    @Test func forwardsAreOnLoopbackOnly() {
        var configuration = MachineConfiguration(
            cpu: "cortex-a53", cpus: 2, memoryMebibytes: 256, display: nil, disk: "/a,b")
        configuration.forwards = [(5555, 5555)]
        configuration.extraArguments = ["-s"]
        let kernel = LoadedKernel(kernel: "k", initramfs: "i", commandLine: "c")
        let arguments = configuration.arguments(starting: kernel)
        #expect(arguments.contains("user,id=network,hostfwd=tcp:127.0.0.1:5555-:5555"))
        #expect(arguments.contains { $0.contains("filename=/a,,b") })
        #expect(arguments.last == "-s")
        configuration.countsInstructions = true
        let counting = configuration.arguments(starting: kernel)
        #expect(counting.contains("virt,gic-version=3,dtb-randomness=off"))
        #expect(counting.contains("shift=0,sleep=on"))
        #expect(!counting.contains("2"))
    }
}
