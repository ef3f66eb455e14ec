import Bridge
import LinuxSystem
import Wire

/// `amosctl bridge`: the owner's say in whose adb is let in.
enum BridgeCommand {
    static let usage = """
        usage: amosctl bridge [list]
               amosctl bridge allow FINGERPRINT
               amosctl bridge deny FINGERPRINT

        Keys of developers: those that are allowed, and those that wait. Compare the fingerprint with the one
        on the developer's machine before you allow it:
            cut -d' ' -f1 ~/.android/adbkey.pub | base64 -d | sha256sum
        Eight letters of it are enough here. Denying also takes an allowed key back, and ends its connections.
        """

    static func run(_ arguments: Arguments) throws(SystemCallError) {
        let command: BridgeRequest.Command
        if arguments.subject.isEmpty || UTF8Text.equal(arguments.subject, "list") {
            command = .list
        } else if UTF8Text.equal(arguments.subject, "allow") {
            command = .allow
        } else if UTF8Text.equal(arguments.subject, "deny") {
            command = .deny
        } else {
            Amosctl.fail("amosctl: bridge knows list, allow and deny; see `amosctl bridge --help`", status: 2)
        }
        let path = arguments.runDirectory + "/" + BridgeRequest.socketName.description
        let socket = try LocalSocket(connectingTo: path)
        let request = BridgeRequest(command, fingerprint: arguments.service)
        _ = try socket.send(request.encode(), waiting: true)
        var count = 0
        while let packet = try socket.receive(limit: BridgeReply.limit), !packet.bytes.isEmpty {
            switch try? BridgeReply(decoding: packet.bytes) {
            case .key(let isAllowed, let fingerprint, let comment):
                count += 1
                Amosctl.write((isAllowed ? "allowed  " : "waits    ") + fingerprint + "  " + comment + "\n")
            case .refused(let reason): Amosctl.fail("amosctl: " + reason)
            case .end:
                if command == .list, count == 0 { Amosctl.write("no key is allowed, and none waits\n") }
                if command == .allow {
                    Amosctl.write("allowed: `adb connect` again, should it not by itself\n")
                }
                if command == .deny { Amosctl.write("denied\n") }
                return
            case nil: Amosctl.fail("amosctl: the answer is not understood; amosctl and amos-bridged differ")
            }
        }
        Amosctl.fail("amosctl: the bridge has not answered; `amosctl log` may say why")
    }
}
