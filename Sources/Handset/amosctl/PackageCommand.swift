import Bridge
import LinuxSystem
import Wire

/// `amosctl pkg`: asks the package service.
enum PackageCommand {
    /// What is read of a file, and sent, at once.
    private static let pieceSize = 256 << 10

    static func run(_ arguments: Arguments) throws(SystemCallError) {
        let wanted = arguments.package
        guard let request = wanted.request else { return }
        if wanted.isRun {
            var environment: [String] = []
            if let kind = ProcessArguments.environment("TERM") { environment.append("TERM=" + kind) }
            throw Program.replaceThisProcess(
                with: "/usr/libexec/amos/amos-launch", wanted.words, environment: environment)
        }
        // The service may answer before it has read everything.
        ChildProcess.ignoreBrokenPipes()
        guard request.operation == .install else {
            let answer = try ask(request, arguments, sending: nil)
            let document = show(answer, request.operation, isJSON: wanted.isJSON)
            return finish(request.operation, document)
        }
        for file in wanted.files {
            show(try install(file, request, arguments), request.operation, isJSON: wanted.isJSON)
        }
    }

    /// `amosctl developer-mode`
    static func developerMode(_ arguments: Arguments) throws(SystemCallError) {
        let request = PackageServiceRequest(.developerMode, argument: arguments.subject)
        show(try ask(request, arguments, sending: nil), request.operation, isJSON: arguments.isJSON)
    }

    private static func install(
        _ file: String, _ request: PackageServiceRequest, _ arguments: Arguments
    ) throws(SystemCallError) -> [UInt8] {
        let source = HeldDescriptor(try FileDescriptor.open(file))
        var request = request
        request.size = try source.descriptor.size()
        guard request.size > 0 else { Amosctl.fail("amosctl: " + file + " is empty, and no package") }
        return try ask(request, arguments, sending: source)
    }

    /// Prints the answer; the parsed document.
    @discardableResult
    private static func show(
        _ answer: [UInt8], _ operation: PackageServiceRequest.Operation, isJSON: Bool
    ) -> JSONValue {
        let line = Array(answer.prefix { $0 != 0x0a })
        guard PackageServiceRequest.isSuccess(line) else {
            Amosctl.fail("amosctl: " + reason(PackageServiceRequest.reply(line)))
        }
        let bytes = Array(answer.dropFirst(line.count + 1))
        guard let document = try? JSONParser.parse(bytes.span) else {
            Amosctl.fail("amosctl: the answer is not understood; amosctl and amos-pkgd differ in version")
        }
        Amosctl.write(isJSON ? bytes : PackageText.text(operation, document))
        return document
    }

    /// An answer may also say that not all is well.
    private static func finish(
        _ operation: PackageServiceRequest.Operation, _ document: JSONValue
    ) {
        var isBad = false
        if operation == .verify {
            for finding in document.array ?? [] where finding["is_good"]?.bool != true { isBad = true }
        }
        if operation == .repair {
            for package in document["packages"]?.array ?? [] {
                if UTF8Text.equal(package["outcome"]?.text ?? "", "needs-package") { isBad = true }
            }
        }
        if isBad { ChildProcess.exit(1) }
    }

    private static func ask(
        _ request: PackageServiceRequest, _ arguments: Arguments, sending file: HeldDescriptor?
    ) throws(SystemCallError) -> [UInt8] {
        let path = arguments.runDirectory + "/" + PackageServiceRequest.socketName.description
        let socket = HeldDescriptor(try StreamSocket.connect(toLocal: Array(path.utf8), isAbstract: false))
        try socket.descriptor.setBlocking(true)
        try socket.descriptor.write(request.encode())
        if let file { try send(file, request.size, to: socket) }
        var answer: [UInt8] = []
        do throws(SystemCallError) {
            while answer.count < PackageServiceRequest.documentLimit {
                let more = try socket.descriptor.read(upTo: pieceSize)
                if more.isEmpty { break }
                answer += more
            }
        } catch {
            // What the service has not read ends the connection as an error, behind its answer.
            guard !answer.isEmpty else { throw error }
        }
        return answer
    }

    /// As much of it as the service wants.
    private static func send(
        _ file: HeldDescriptor, _ size: UInt64, to socket: HeldDescriptor
    ) throws(SystemCallError) {
        let progress = PackageProgress(of: size)
        var piece = [UInt8](repeating: 0, count: pieceSize)
        var offset: UInt64 = 0
        while offset < size {
            let count = min(try file.descriptor.fill(&piece, at: offset), Int(clamping: size - offset))
            // Shorter than it was: the service will say so.
            if count == 0 { break }
            do throws(SystemCallError) {
                try socket.descriptor.write(piece.span.extracting(0..<count))
            } catch { break }
            offset += UInt64(count)
            progress.show(offset)
        }
        progress.end()
    }

    /// `Failure [WHY]` without what a person need not see.
    private static func reason(_ line: [UInt8]) -> String {
        let start = Array("Failure [".utf8)
        guard line.starts(with: start), line.last == UInt8(ascii: "]") else {
            return String(decoding: line, as: UTF8.self)
        }
        return String(decoding: line.dropFirst(start.count).dropLast(), as: UTF8.self)
    }
}

/// How much has been sent, for a person who waits at a terminal.
private struct PackageProgress {
    private let size: UInt64
    private let isShown: Bool

    init(of size: UInt64) {
        self.size = size
        isShown = Terminal.isAt(2)
    }

    func show(_ sent: UInt64) {
        if isShown { Output.complain("\r" + String(sent * 100 / max(1, size)) + " %") }
    }

    func end() {
        if isShown { Output.complain("\r\u{1b}[K") }
    }
}
