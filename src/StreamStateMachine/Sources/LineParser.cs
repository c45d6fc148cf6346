using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>A line is a record; an empty one too.</summary>
internal sealed class LineParser : RecordParser<string>
{
    /// <inheritdoc/>
    public override bool TryParse(ReadOnlySpan<byte> record, long line, out SourceRecord<string> parsed)
    {
        parsed = SourceRecord<string>.Of(Encoding.UTF8.GetString(record));
        return true;
    }
}
