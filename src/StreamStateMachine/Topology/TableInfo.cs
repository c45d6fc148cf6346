using System.Text.Json;

namespace RaftStream.StreamStateMachine;

/// <summary>State that can be asked for: where it lies and how its rows are shown.</summary>
internal abstract class TableInfo(string name, TopologyNode node)
{
    public string Name => name;

    /// <summary>The operator whose state it is.</summary>
    public TopologyNode Node => node;

    /// <summary>Writes what precedes the row keys of the table in the job's state.</summary>
    public void WritePrefix(KeyBuffer output) => StateKeys.WriteOperator(output, node.Id, StateKeys.Rows);

    /// <summary>Writes the bytes of a key that somebody typed. False: it is no key of this table.</summary>
    public abstract bool TryWriteKey(string text, KeyBuffer output);

    /// <summary>Writes the bytes that all windows of a key begin with. False: the table has no windows, or it is no key.</summary>
    public abstract bool TryWriteKeyWithoutWindow(string text, KeyBuffer output);

    /// <summary>Writes the bytes that all keys begin with which begin with that text. False: its keys do not begin with text.</summary>
    public abstract bool TryWritePrefix(string text, KeyBuffer output);

    /// <summary>The key as text.</summary>
    public abstract string FormatKey(ReadOnlySpan<byte> key);

    /// <summary>Writes the value of a row, as one JSON value.</summary>
    public abstract void WriteValue(Utf8JsonWriter output, ReadOnlySpan<byte> stored);

    /// <summary>The window of a row's key; null where the table has none.</summary>
    public abstract TimeWindow? WindowOf(ReadOnlySpan<byte> key);
}

internal class TableInfo<TKey, TValue>(string name, TopologyNode node, IKeyCodec<TKey> key, ICodec<TValue> value, ReadStored<TValue> read)
    : TableInfo(name, node)
{
    public IKeyCodec<TKey> Key => key;

    /// <summary>The value that is kept.</summary>
    public TValue Read(ReadOnlySpan<byte> stored) => read(stored);

    public override bool TryWriteKey(string text, KeyBuffer output)
    {
        if (!key.TryParse(text, out var parsed))
            return false;
        key.Write(output, parsed);
        return true;
    }

    public override bool TryWriteKeyWithoutWindow(string text, KeyBuffer output) => key is IWindowedKeyCodec windowed && windowed.TryWriteKey(text, output);

    public override bool TryWritePrefix(string text, KeyBuffer output) => key is ITextFirst first && first.TryWriteStart(text, output);

    public override string FormatKey(ReadOnlySpan<byte> bytes) => key.Format(key.Read(ref bytes));

    public override void WriteValue(Utf8JsonWriter output, ReadOnlySpan<byte> stored) => value.WriteJson(output, read(stored));

    public override TimeWindow? WindowOf(ReadOnlySpan<byte> bytes) => key.Read(ref bytes) is IWindowed windowed ? windowed.Window : null;
}

/// <summary>Makes a value of what is kept for it.</summary>
internal delegate TValue ReadStored<out TValue>(ReadOnlySpan<byte> stored);
