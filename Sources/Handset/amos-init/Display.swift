import LinuxSystem

/// What the handset's display shows until there is a home screen: the kernel's text console, with who this is
/// and how the boot went.
enum Display {
    /// The first virtual terminal. What is written to it before a display driver is there is shown once one
    /// is.
    private static let terminal = "/dev/tty1"

    /// Go home, hide the cursor, keep the terminal from going blank after ten minutes (console_codes(4)).
    /// What stood there is written over and not cleared first: at no instant is the screen empty.
    private static let prelude = "\u{1b}[H\u{1b}[?25l\u{1b}[9;0]"
    /// Empties the rest of the line and goes to the next.
    private static let lineEnd = "\u{1b}[K\r\n"

    private static let logo = [
        #"      _                         "#,
        #"     / \   _ __ ___   ___  ___  "#,
        #"    / _ \ | '_ ` _ \ / _ \/ __| "#,
        #"   / ___ \| | | | | | (_) \__ \ "#,
        #"  /_/   \_\_| |_| |_|\___/|___/ "#,
    ]

    /// A handset without a display is as good as one with it.
    static func show(hostname: String, slot: String, state: String) {
        guard let descriptor = try? FileDescriptor.open(terminal, [.writeOnly, .nonBlocking]) else { return }
        var text = prelude + lineEnd + lineEnd
        for line in logo { text += "\u{1b}[1;36m" + line + "\u{1b}[0m" + lineEnd }
        text += lineEnd + "   " + hostname + ", slot " + slot + lineEnd
        // And the rest of the screen.
        text += "   \u{1b}[32m" + state + "\u{1b}[0m" + lineEnd + "\u{1b}[J"
        try? descriptor.write(Array(text.utf8))
    }
}
