namespace RaftStream.StreamStateMachine;

/// <summary>
/// Finds the line end that ends a record of RFC 4180: one outside of quotes. A quote opens only at the start of a field, so one that stands
/// inside a plain field does not swallow what follows.
/// </summary>
internal sealed class QuoteScan(byte quote, byte separator)
{
    private State _state;

    private enum State : byte
    {
        FieldStart,
        Plain,
        Quoted,

        /// <summary>Behind a quote inside quotes: the end of the quotes, or the first of two that stand for one.</summary>
        QuoteInQuotes,
    }

    /// <summary>Begins a record.</summary>
    public void Reset() => _state = State.FieldStart;

    /// <summary>Goes on in the record; -1 where it does not end in these bytes.</summary>
    public int FindLineEnd(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at++)
        {
            var value = bytes[at];
            if (_state != State.Quoted && value == '\n')
                return at;
            _state = _state switch
            {
                State.Quoted => value == quote ? State.QuoteInQuotes : State.Quoted,
                State.FieldStart or State.QuoteInQuotes when value == quote => State.Quoted,
                _ => value == separator ? State.FieldStart : State.Plain,
            };
        }

        return -1;
    }
}
