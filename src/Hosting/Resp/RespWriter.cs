using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace RaftStream.Hosting.Resp;

/// <summary>Writes answers in the dialect that the client speaks: 2, or 3 with maps, nulls and pushes of their own. One a connection.</summary>
internal sealed class RespWriter(IBufferWriter<byte> output)
{
    /// <summary>2 or 3.</summary>
    public int Version { get; set; } = 2;

    /// <summary>The bytes written since the last <see cref="Taken"/>.</summary>
    public long Pending { get; private set; }

    /// <summary>The errors written since the connection began.</summary>
    public long Errors { get; private set; }

    /// <summary>What was written has gone to the network.</summary>
    public void Taken() => Pending = 0;

    /// <summary>A word: OK, PONG, QUEUED.</summary>
    public void Simple(string text) => Line('+', text);

    /// <summary>An error: a word in capitals, a blank and a sentence. Whatever could end the line early is shown as a blank.</summary>
    public void Error(string text)
    {
        Errors++;
        Line('-', text.ReplaceLineEndings(" "));
    }

    /// <summary>A number.</summary>
    public void Integer(long value) => Number(':', value);

    /// <summary>Bytes.</summary>
    public void Bulk(ReadOnlySpan<byte> bytes)
    {
        Number('$', bytes.Length);
        Raw(bytes);
        Raw("\r\n"u8);
    }

    /// <summary>A text.</summary>
    public void Bulk(string text) => Bulk(Encoding.UTF8.GetBytes(text));

    /// <summary>A number as Redis keeps it: as a text.</summary>
    public void BulkNumber(long value)
    {
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, text, out var length);
        Bulk(text[..length]);
    }

    /// <summary>A text of several lines for people.</summary>
    public void Verbatim(string text)
    {
        if (Version < 3)
        {
            Bulk(text);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        Number('=', bytes.Length + 4);
        Raw("txt:"u8);
        Raw(bytes);
        Raw("\r\n"u8);
    }

    /// <summary>Nothing.</summary>
    public void Null() => Raw(Version < 3 ? "$-1\r\n"u8 : "_\r\n"u8);

    /// <summary>So many values follow.</summary>
    public void Array(int count) => Number('*', count);

    /// <summary>So many pairs follow.</summary>
    public void Map(int pairs) => Number(Version < 3 ? '*' : '%', Version < 3 ? 2 * pairs : pairs);

    /// <summary>So many values follow that nobody has asked for just now.</summary>
    public void Push(int count) => Number(Version < 3 ? '*' : '>', count);

    private void Number(char type, long value)
    {
        Span<byte> line = stackalloc byte[24];
        line[0] = (byte)type;
        Utf8Formatter.TryFormat(value, line[1..], out var length);
        "\r\n"u8.CopyTo(line[(1 + length)..]);
        Raw(line[..(length + 3)]);
    }

    private void Line(char type, string text)
    {
        var target = output.GetSpan(3 + Encoding.UTF8.GetMaxByteCount(text.Length));
        target[0] = (byte)type;
        var length = Encoding.UTF8.GetBytes(text, target[1..]);
        "\r\n"u8.CopyTo(target[(1 + length)..]);
        Advance(length + 3);
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        Pending += bytes.Length;
    }

    private void Advance(int count)
    {
        output.Advance(count);
        Pending += count;
    }
}
