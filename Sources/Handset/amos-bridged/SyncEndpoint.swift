import Bridge
import LinuxSystem

/// `sync:`: push, pull and ls. Requests are answered one after the other; while an answer is on its way, what
/// follows waits as bytes.
final class SyncEndpoint: Endpoint {
    /// Answers wait up to here before further requests are looked at.
    private static let answerLimit = 64 * 1024

    /// Of one folder, in memory while they are sent.
    private static let entryLimit = 65_536

    private var parser = SyncParser()
    private let files: SyncFiles
    private var answers: [UInt8] = []
    private var answersStart = 0
    private var waiting: [UInt8] = []
    private var task = Task.none

    private enum Task {
        case none
        case sending(HeldDescriptor)
        case listing(folder: String, names: [[UInt8]], next: Int, isFull: Bool)
    }

    init(folder: String?, _ stream: UInt32, _ bridge: BridgeLoop) {
        files = SyncFiles(folder: folder, number: stream)
        super.init(stream, bridge)
    }

    override var unwritten: Int { waiting.count }

    override func receive(_ bytes: Span<UInt8>) throws(BridgeError) {
        guard waiting.isEmpty, canProceed else { return waiting.append(copying: bytes) }
        let used = try take(bytes)
        if used < bytes.count { waiting.append(copying: bytes.extracting(used..<bytes.count)) }
    }

    private var canProceed: Bool {
        guard case .none = task else { return false }
        return answers.count - answersStart < Self.answerLimit && !isFinished
    }

    override func flush() {
        guard !waiting.isEmpty, canProceed else { return }
        var bytes: [UInt8] = []
        swap(&bytes, &waiting)
        do throws(BridgeError) {
            let used = try take(bytes.span)
            if used < bytes.count { waiting = Array(bytes[used...]) }
        } catch {
            // The bytes were accepted long ago: only this stream can still end for them.
            Output.say("closed a file transfer: " + error.description)
            isFinished = true
        }
    }

    private func take(_ bytes: Span<UInt8>) throws(BridgeError) -> Int {
        var offset = 0
        while canProceed, let piece = try parser.next(bytes, from: &offset) {
            switch piece {
            case .request(let request, let path): answer(request, path)
            case .send(let path, let mode): attempt { () throws(SyncFailure) in try files.begin(path, mode) }
            case .data(let range):
                let data = bytes.extracting(range)
                do throws(SyncFailure) { try files.write(data) } catch { fail(error) }
            case .done(let modified):
                do throws(SyncFailure) {
                    try files.finish(modified)
                    answers += SyncReply.okay
                } catch { fail(error, isDraining: false) }
            case .quit: isFinished = true
            }
        }
        return offset
    }

    private func attempt(_ body: () throws(SyncFailure) -> Void) {
        do throws(SyncFailure) { try body() } catch { fail(error) }
    }

    private func fail(_ failure: SyncFailure, isDraining: Bool = true) {
        files.abandon()
        answers += SyncReply.failure(failure.text)
        parser.isDraining = isDraining
    }

    private func answer(_ request: SyncParser.Request, _ path: [UInt8]) {
        switch request {
        case .stat: answers += SyncReply.stat(files.status(path, followsLinks: false))
        case .linkStatus:
            answers += SyncReply.status(files.status(path, followsLinks: false), ofLink: true)
        case .status: answers += SyncReply.status(files.status(path, followsLinks: true), ofLink: false)
        case .list, .listStatus:
            let folder = files.name(path)
            let names = folder.flatMap { try? Directory.names(in: $0, limit: Self.entryLimit) } ?? []
            task = .listing(
                folder: folder ?? "", names: names, next: 0, isFull: request == .listStatus)
        case .receive:
            do throws(SyncFailure) { task = .sending(try files.openToRead(path)) } catch {
                answers += SyncReply.failure(error.text)
            }
        }
    }

    override func produce(into packet: inout [UInt8], limit: Int) {
        repeat {
            let count = min(answers.count - answersStart, limit - packet.count)
            packet.append(contentsOf: answers[answersStart..<answersStart + count])
            answersStart += count
            guard answersStart == answers.count else { return }
            (answers, answersStart) = ([], 0)
            switch task {
            case .none: flush()
            case .sending(let file): sendMore(file, &packet, limit)
            case .listing(let folder, let names, let next, let isFull):
                listMore(folder, names, next, isFull)
            }
        } while !answers.isEmpty && packet.count < limit
    }

    private func sendMore(_ file: HeldDescriptor, _ packet: inout [UInt8], _ limit: Int) {
        while limit - packet.count > 16 {
            let (head, room) = (packet.count, min(SyncParser.dataLimit, limit - packet.count - 8))
            packet.grow(by: 8 + room)
            var count = 0
            do throws(SystemCallError) {
                count = try file.descriptor.readIfReady(into: &packet, from: head + 8) ?? 0
            } catch {
                packet.removeLast(packet.count - head)
                answers += SyncReply.failure(error.description)
                return task = .none
            }
            packet.removeLast(room - count)
            guard count > 0 else {
                packet.removeLast(8)
                answers += SyncReply.done
                return task = .none
            }
            for (index, byte) in SyncReply.dataHead(count).enumerated() { packet[head + index] = byte }
        }
    }

    private func listMore(_ folder: String, _ names: [[UInt8]], _ start: Int, _ isFull: Bool) {
        var next = start
        while next < names.count, answers.count < Self.answerLimit {
            let path = folder + "/" + String(decoding: names[next], as: UTF8.self)
            let status = SyncFiles.status(ofFile: path, followsLinks: false)
            answers += SyncReply.entry(status, name: names[next], isFull: isFull)
            next += 1
        }
        task = .listing(folder: folder, names: names, next: next, isFull: isFull)
        if next == names.count {
            answers += SyncReply.endOfList(isFull: isFull)
            task = .none
        }
    }

    override func end() {
        files.abandon()
        task = .none
        super.end()
    }
}
