using System.Security.Cryptography;

namespace RaftStream.StreamStateMachine;

/// <summary>A record's bytes without its line end, or the start of one that is too long.</summary>
/// <param name="bytes">The bytes, valid until more are read.</param>
/// <param name="line">The line it starts in, from 1.</param>
/// <param name="isTooLong">Whether the rest of it was skipped.</param>
internal readonly ref struct RecordCut(ReadOnlySpan<byte> bytes, long line, bool isTooLong)
{
    public readonly ReadOnlySpan<byte> Bytes = bytes;
    public readonly long Line = line;
    public readonly bool IsTooLong = isTooLong;
}

/// <summary>
/// Cuts the bytes of one file into records. Where they are cut depends on the bytes alone, never on the pieces they arrived in. No I/O;
/// the buffer holds one record of the longest kind and a read. Owned by one reader.
/// </summary>
/// <param name="maxBytes">The longest record.</param>
/// <param name="quoting">What the parser says about quotes.</param>
/// <param name="prefix">Hashes the bytes that were cut off; the caller's.</param>
/// <param name="offset">Where in the file the bytes start.</param>
/// <param name="line">How many line ends are before it.</param>
internal sealed class RecordCutter(int maxBytes, (byte Quote, byte Separator) quoting, IncrementalHash prefix, long offset, long line)
{
    private const int ReadSize = 64 * 1024;

    /// <summary>How far a record is looked at: its bytes and a line end of two.</summary>
    private readonly int _maxScan = maxBytes + 2;

    private readonly QuoteScan _quotes = new(quoting.Quote, quoting.Separator);
    private byte[] _buffer = new byte[ReadSize];
    private int _hashed;
    private int _start;
    private int _scanned;
    private int _end;
    private long _offset = offset;
    private long _line = line;
    private bool _isPastByteOrderMark = offset > 0;
    private byte[]? _skippedStart;
    private long _skippedLine;
    private Mark? _skippedFrom;

    /// <summary>Room for the next read, at least one byte of it. Takes away what the last cut showed.</summary>
    public Span<byte> Room()
    {
        HashCut();
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_scanned, _end, _hashed, _start) = (_scanned - _start, _end - _start, 0, 0);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, _maxScan + (long)ReadSize));
        return _buffer.AsSpan(_end);
    }

    /// <summary>Takes in what was read into the room.</summary>
    public void Add(int bytes) => _end += bytes;

    /// <summary>Cuts off the next record, if it is there to its end.</summary>
    /// <param name="isLast">Whether the file ends with the bytes that were added: then a record needs no line end.</param>
    /// <param name="cut">The record.</param>
    public bool TryCut(bool isLast, out RecordCut cut)
    {
        cut = default;
        if (!PassByteOrderMark(isLast))
            return false;
        var end = FindEnd();
        if (end < 0 && _skippedStart is null && _scanned - _start >= _maxScan)
        {
            StartSkipping();
            end = FindEnd();
        }

        if (end < 0 && _skippedStart is not null)
            CutOff(_scanned);
        var isThere = end >= 0 || (isLast && (_end > _start || _skippedStart is not null));
        if (isThere)
            cut = TakeRecord(end);
        return isThere;
    }

    /// <summary>Where the last record ends.</summary>
    public Mark MarkHere()
    {
        if (_skippedFrom is { } before)
            return before;
        HashCut();
        return new(_offset, _line, prefix.GetCurrentHash());
    }

    private RecordCut TakeRecord(int lineEnd)
    {
        var content = _buffer.AsSpan(_start, (lineEnd < 0 ? _end : lineEnd) - _start);
        if (lineEnd >= 0 && content.EndsWith("\r"u8))
            content = content[..^1];
        var isTooLong = _skippedStart is not null || content.Length > maxBytes;
        var cut = new RecordCut(_skippedStart is null ? content : _skippedStart, (_skippedStart is null ? _line : _skippedLine) + 1, isTooLong);
        CutOff(lineEnd < 0 ? _end : lineEnd + 1);
        _quotes.Reset();
        (_skippedStart, _skippedFrom) = (null, null);
        return cut;
    }

    /// <summary>Looks for the line end that ends the record; -1 where it is not there yet, or not within the longest length.</summary>
    private int FindEnd()
    {
        var limit = _skippedStart is null ? (int)Math.Min(_end, (long)_start + _maxScan) : _end;
        var unseen = _buffer.AsSpan(_scanned, limit - _scanned);
        var at = _skippedStart is null && quoting.Quote != 0 ? _quotes.FindLineEnd(unseen) : unseen.IndexOf((byte)'\n');
        var end = at < 0 ? -1 : _scanned + at;
        _scanned = at < 0 ? limit : end;
        return end;
    }

    /// <summary>From here to the next line end, inside of quotes or not: an open quote must not swallow the rest of the file.</summary>
    private void StartSkipping()
    {
        _skippedFrom = MarkHere();
        _skippedLine = _line;
        _skippedStart = _buffer.AsSpan(_start, Math.Min(SourceRecord<int>.MaxRawBytes, maxBytes + 1)).ToArray();
        CutOff(_scanned);
    }

    private void CutOff(int to)
    {
        _line += _buffer.AsSpan(_start, to - _start).Count((byte)'\n');
        _offset += to - _start;
        _start = to;
        _scanned = Math.Max(_scanned, to);
    }

    private void HashCut()
    {
        prefix.AppendData(_buffer, _hashed, _start - _hashed);
        _hashed = _start;
    }

    private bool PassByteOrderMark(bool isLast)
    {
        if (_isPastByteOrderMark)
            return true;
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        var there = _buffer.AsSpan(_start, Math.Min(mark.Length, _end - _start));
        if (there.Length < mark.Length && !isLast && mark.StartsWith(there))
            return false;
        if (there.SequenceEqual(mark))
            CutOff(_start + mark.Length);
        _isPastByteOrderMark = true;
        return true;
    }

    /// <summary>A place between two records.</summary>
    internal readonly record struct Mark(long Offset, long Line, byte[] PrefixSha256);
}
