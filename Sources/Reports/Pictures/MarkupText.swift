package import StorageModel

/// Text for HTML, SVG and XML: nothing in it is markup, and nothing in it changes what surrounds it.
package enum MarkupText {
    /// Names are bytes: what is not UTF-8, controls and characters that reorder text become visible escapes (`\x{ff}`, `\n`).
    package static func name(_ bytes: some Collection<UInt8>, limit: Int = 160) -> String {
        var result = ""
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var consumed = bytes.startIndex
        var count = 0
        while count < limit {
            switch parser.parseScalar(from: &rest) {
            case .emptyInput: return result
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                result += isForbidden(scalar) ? escape(scalar.value) : String(scalar).printable()
                bytes.formIndex(&consumed, offsetBy: encoded.count)
            case .error(let length):
                for _ in 0..<length {
                    result += escape(UInt32(bytes[consumed]))
                    bytes.formIndex(after: &consumed)
                }
            }
            count += 1
        }
        return consumed == bytes.endIndex ? result : result + "…"
    }

    private static func escape(_ value: UInt32) -> String { "\\x{\(String(value, radix: 16))}" }

    /// What XML 1.0 has no place for, what is invisible, and what hides the rest of a line.
    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2028, 0x2029, 0xfeff, 0xfff9...0xfffb, 0x61c, 0xe0000...0xe007f: true
        default: scalar.value & 0xfffe == 0xfffe || (0xfdd0...0xfdef).contains(scalar.value)
        }
    }

    /// For element content and for attribute values in double quotes.
    package static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A path for people: long ones keep their beginning and their end.
    package static func path(_ path: EntryPath) -> String {
        let (head, tail) = (160, 120)
        guard path.bytes.count > head + tail else { return path.isRoot ? "/" : name(path.bytes, limit: .max) }
        return name(path.bytes.prefix(head), limit: .max) + " … " + name(path.bytes.suffix(tail), limit: .max)
    }

    /// JSON that stands inside of a `script` element: no `<`, so that nothing ends the element or begins a comment.
    package static func embedded(_ json: JSONValue) -> String {
        var result = ""
        for scalar in json.compactText.unicodeScalars {
            switch scalar {
            case "<": result += "\\u003c"
            case ">": result += "\\u003e"
            case "&": result += "\\u0026"
            case "\u{2028}": result += "\\u2028"
            case "\u{2029}": result += "\\u2029"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
