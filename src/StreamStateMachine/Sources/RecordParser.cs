namespace RaftStream.StreamStateMachine;

/// <summary>Makes records of the bytes between line ends. One instance a reader, since it may remember what came before.</summary>
/// <typeparam name="T">What a record is.</typeparam>
internal abstract class RecordParser<T>
{
    /// <summary>Between these a line end is no end of the record; 0 stands for none. Comes with the separator of fields.</summary>
    public virtual (byte Quote, byte Separator) Quoting => default;

    /// <summary>Whether each file starts with a record that names the fields.</summary>
    public virtual bool HasHeader => false;

    /// <summary>What the records so far say about those behind them, at most <see cref="FilePosition.MaxStateBytes"/> bytes.</summary>
    public virtual byte[] State => [];

    /// <summary>Takes up a state that <see cref="State"/> gave.</summary>
    /// <returns>Whether it is one.</returns>
    public virtual bool TryRestore(ReadOnlySpan<byte> state) => state.IsEmpty;

    /// <summary>Reads a file's header; false for an empty line, which is none.</summary>
    /// <exception cref="InvalidDataException">It does not fit: one sentence.</exception>
    public virtual bool TryReadHeader(ReadOnlySpan<byte> record, long line, string path) => true;

    /// <summary>Makes a record of valid UTF-8; false for an empty line that is to be passed over.</summary>
    public abstract bool TryParse(ReadOnlySpan<byte> record, long line, out SourceRecord<T> parsed);
}
