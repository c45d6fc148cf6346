using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>The key codecs that come with the library.</summary>
public static class KeyCodecs
{
    /// <summary>Text in the order of its UTF-8 bytes, which is that of its code points.</summary>
    public static IKeyCodec<string> Text { get; } = new TextKeyCodec();

    /// <summary>Whole numbers of 64 bits in their order.</summary>
    public static IKeyCodec<long> Int64 { get; } = new Int64KeyCodec();

    /// <summary>Whole numbers of 32 bits in their order.</summary>
    public static IKeyCodec<int> Int32 { get; } = new Int32KeyCodec();

    /// <summary>Two keys: those with the same first one are neighbours.</summary>
    public static IKeyCodec<(T1 First, T2 Second)> Pair<T1, T2>(IKeyCodec<T1> first, IKeyCodec<T2> second) => new PairKeyCodec<T1, T2>(first, second);

    /// <summary>A key and a window over it: the windows of a key are neighbours, in the order of their starts.</summary>
    internal static IKeyCodec<Windowed<T>> Windowed<T>(IKeyCodec<T> key) => new WindowedKeyCodec<T>(key);

    /// <summary>The codec of a type that has one here.</summary>
    internal static bool TryFind<T>([NotNullWhen(true)] out IKeyCodec<T>? codec)
    {
        codec = (Text as IKeyCodec<T>) ?? (Int64 as IKeyCodec<T>) ?? (Int32 as IKeyCodec<T>);
        return codec is not null;
    }
}

/// <summary>Keys that begin with text, so that they can be looked for by its start.</summary>
internal interface ITextFirst
{
    /// <summary>Writes the bytes that they begin with. False: they begin with something else.</summary>
    bool TryWriteStart(string text, KeyBuffer output);
}

/// <summary>Keys with a window behind.</summary>
internal interface IWindowedKeyCodec
{
    /// <summary>Writes the key alone, which all its windows begin with. False: the text is none.</summary>
    bool TryWriteKey(string text, KeyBuffer output);
}

internal sealed class TextKeyCodec : IKeyCodec<string>, ITextFirst
{
    public string Name => "text";

    public void Write(KeyBuffer output, string key)
    {
        // Code without nullable types gives null all the same, and written as empty text it would be counted with those.
        if (key is null)
            throw new PoisonRecordException("Its key is null: give each record a key, or filter out those that have none.");
        Span<byte> bytes = stackalloc byte[512];
        output.WriteEscaped(Encoding.UTF8.TryGetBytes(key, bytes, out var size) ? bytes[..size] : Encoding.UTF8.GetBytes(key));
    }

    public bool TryWriteStart(string text, KeyBuffer output)
    {
        output.WriteEscapedStart(Encoding.UTF8.GetBytes(text));
        return true;
    }

    public string Read(ref ReadOnlySpan<byte> source) => Encoding.UTF8.GetString(KeyBuffer.ReadEscaped(ref source));

    public string Format(string key) => key;

    public bool TryParse(string text, out string key)
    {
        key = text;
        return true;
    }
}

internal sealed class Int64KeyCodec : IKeyCodec<long>
{
    public string Name => "int64";

    public void Write(KeyBuffer output, long key) => output.Write(key);

    public long Read(ref ReadOnlySpan<byte> source) => KeyBuffer.ReadInt64(ref source);

    public string Format(long key) => key.ToString(CultureInfo.InvariantCulture);

    public bool TryParse(string text, out long key) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out key);
}

internal sealed class Int32KeyCodec : IKeyCodec<int>
{
    public string Name => "int32";

    public void Write(KeyBuffer output, int key) => output.Write((long)key);

    public int Read(ref ReadOnlySpan<byte> source) => checked((int)KeyBuffer.ReadInt64(ref source));

    public string Format(int key) => key.ToString(CultureInfo.InvariantCulture);

    public bool TryParse(string text, out int key) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out key);
}

internal sealed class PairKeyCodec<T1, T2>(IKeyCodec<T1> first, IKeyCodec<T2> second) : IKeyCodec<(T1 First, T2 Second)>, ITextFirst
{
    public string Name => $"pair({first.Name},{second.Name})";

    public void Write(KeyBuffer output, (T1 First, T2 Second) key)
    {
        first.Write(output, key.First);
        second.Write(output, key.Second);
    }

    public (T1 First, T2 Second) Read(ref ReadOnlySpan<byte> source)
    {
        var one = first.Read(ref source);
        return (one, second.Read(ref source));
    }

    public bool TryWriteStart(string text, KeyBuffer output) => first is ITextFirst inner && inner.TryWriteStart(text, output);

    /// <summary>A backslash stands in front of a comma in the second part, and of a backslash in either: pages of a table go on at a key that was formatted, and must find the same one.</summary>
    public string Format((T1 First, T2 Second) key) =>
        $"{first.Format(key.First).Replace("\\", "\\\\", StringComparison.Ordinal)},{KeyText.Escape(second.Format(key.Second))}";

    /// <summary>At the last comma without a backslash in front, so that the first part may hold some.</summary>
    public bool TryParse(string text, out (T1 First, T2 Second) key)
    {
        key = default;
        var comma = KeyText.LastComma(text);
        return comma >= 0 && first.TryParse(KeyText.Plain(text[..comma]), out key.First) && second.TryParse(KeyText.Plain(text[(comma + 1)..]), out key.Second);
    }
}

internal sealed class WindowedKeyCodec<T>(IKeyCodec<T> inner) : IKeyCodec<Windowed<T>>, ITextFirst, IWindowedKeyCodec
{
    public string Name => $"windowed({inner.Name})";

    public void Write(KeyBuffer output, Windowed<T> key)
    {
        inner.Write(output, key.Key);
        output.Write(key.Window.Start);
        output.Write(key.Window.End);
    }

    public Windowed<T> Read(ref ReadOnlySpan<byte> source)
    {
        var key = inner.Read(ref source);
        var start = KeyBuffer.ReadInt64(ref source);
        return new(key, new(start, KeyBuffer.ReadInt64(ref source)));
    }

    public bool TryWriteStart(string text, KeyBuffer output) => inner is ITextFirst first && first.TryWriteStart(text, output);

    public bool TryWriteKey(string text, KeyBuffer output)
    {
        if (!inner.TryParse(KeyText.Plain(text), out var key))
            return false;
        inner.Write(output, key);
        return true;
    }

    /// <summary>A backslash stands in front of each comma and backslash of the key, so that what is left of it without the window is read as the key alone, whatever stands in it.</summary>
    public string Format(Windowed<T> key) => $"{KeyText.Escape(inner.Format(key.Key))},{key.Window.Start},{key.Window.End}";

    public bool TryParse(string text, out Windowed<T> key)
    {
        key = default;
        var end = KeyText.LastComma(text);
        var start = end < 0 ? -1 : KeyText.LastComma(text.AsSpan(0, end));
        if (start < 0 || !inner.TryParse(KeyText.Plain(text[..start]), out var one) || !KeyCodecs.Int64.TryParse(text[(start + 1)..end], out var from) || !KeyCodecs.Int64.TryParse(text[(end + 1)..], out var to))
            return false;
        key = new(one, new(from, to));
        return true;
    }
}
