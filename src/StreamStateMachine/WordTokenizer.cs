using System.Buffers;
using System.Text;

namespace RaftStream.StreamStateMachine;

/// <summary>What the tokenizer came to.</summary>
internal enum TokenKind : byte
{
    /// <summary>The input's end: give what was not consumed again, in front of what follows it.</summary>
    None = 0,

    /// <summary>A word ended.</summary>
    Word = 1,

    /// <summary>A run of word characters ended that is too long for a word.</summary>
    TooLong = 2,

    /// <summary>The place to stop at was reached outside of a word.</summary>
    Stop = 3,
}

/// <summary>
/// Finds the words of a UTF-8 text that comes in pieces. A word is a maximal run of word characters (<see cref="WordChars"/>) of up to
/// 1,024 UTF-16 units, lower-cased unit by unit with <see cref="char.ToLowerInvariant"/>. Bytes that are not UTF-8 read as U+FFFD,
/// in the places where <see cref="Encoding.UTF8"/> would put it. Memory is constant, however long a run.
/// </summary>
/// <remarks>
/// Why offsets are exact: a token is handed out when the character behind it has been seen and before it is consumed, so the count of
/// consumed bytes always stands between two characters, and outside of a token it stands at a place from which a fresh tokenizer finds
/// exactly the rest. An incomplete character at the end of a piece is not consumed at all.
/// <para>
/// The end of the input ends a word, and an incomplete character there reads as U+FFFD. A file that grew later therefore goes on with a
/// new word, even where the last one was cut in two.
/// </para>
/// Owned by one reader; makes no garbage except for a dead letter.
/// </remarks>
/// <param name="offset">Where in the source it starts, in bytes.</param>
internal sealed class WordTokenizer(long offset)
{
    /// <summary>The longest word in UTF-16 units.</summary>
    public const int MaxChars = 1_024;

    /// <summary>The longest word in bytes of UTF-8, lower-cased: three for each unit.</summary>
    public const int MaxBytes = 3 * MaxChars;

    /// <summary>Enough bytes of the source to hold the characters that a dead letter keeps.</summary>
    private const int StartBytes = 3 * StoreLimits.DeadLetterStart;

    private readonly byte[] _word = new byte[MaxBytes];
    private readonly byte[] _start = new byte[StartBytes];
    private int _length;
    private int _chars;
    private int _startLength;
    private long _runOffset;
    private bool _inRun;
    private bool _tooLong;

    /// <summary>The bytes consumed so far, counted from the start of the source.</summary>
    public long Offset { get; private set; } = offset;

    /// <summary>The word that ended, in lower case; good until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<byte> Word => _word.AsSpan(0, _length);

    /// <summary>The run that ended and was too long.</summary>
    public DeadLetter DeadLetter
    {
        get
        {
            var text = Encoding.UTF8.GetString(_start, 0, _startLength);
            return new(_runOffset, Offset - _runOffset, text[..StoreLimits.DeadLetterStart]);
        }
    }

    /// <summary>Reads up to the end of the next token.</summary>
    /// <param name="input">The bytes that follow those consumed; four or more are always enough to go on.</param>
    /// <param name="isLast">Whether the source ends with them.</param>
    /// <param name="stop">After how many bytes of the input to stop, if outside of a word.</param>
    /// <param name="consumed">How many bytes of the input are done with.</param>
    public TokenKind Read(ReadOnlySpan<byte> input, bool isLast, long stop, out int consumed)
    {
        consumed = 0;
        if (!_inRun)
        {
            if (!SkipSeparators(input, isLast, stop, ref consumed))
            {
                Offset += consumed;
                return consumed >= stop ? TokenKind.Stop : TokenKind.None;
            }

            (_inRun, _tooLong, _length, _chars, _startLength) = (true, false, 0, 0, 0);
            _runOffset = Offset + consumed;
        }

        var begin = consumed;
        var ended = ReadRun(input, isLast, ref consumed) || (isLast && consumed == input.Length);
        Offset += consumed;
        if (!ended || _tooLong)
            KeepStart(input[begin..consumed]);
        if (!ended)
            return TokenKind.None;
        _inRun = false;
        return _tooLong ? TokenKind.TooLong : TokenKind.Word;
    }

    /// <summary>Moves to the next word character. False: stopped, or the input ended, before there was one.</summary>
    private static bool SkipSeparators(ReadOnlySpan<byte> input, bool isLast, long stop, ref int at)
    {
        var ascii = WordChars.Ascii;
        while (at < input.Length && at < stop)
        {
            var code = ascii[input[at]];
            if (code == WordChars.Separator)
            {
                at++;
                continue;
            }

            if (code != WordChars.Wide)
                return true;
            if (!TryDecode(input[at..], isLast, out var unit, out var size))
                return false;
            if (WordChars.IsWord(unit))
                return true;
            at += size;
        }

        return false;
    }

    /// <summary>Takes word characters. True: a separator follows. False: the input ended, perhaps in an incomplete character.</summary>
    private bool ReadRun(ReadOnlySpan<byte> input, bool isLast, ref int at)
    {
        while (true)
        {
            TakeAscii(input, ref at);
            if (at == input.Length)
                return false;
            var code = WordChars.Ascii[input[at]];
            if (code == WordChars.Separator)
                return true;
            if (code != WordChars.Wide)
            {
                _tooLong = true;
                continue;
            }

            if (!TryDecode(input[at..], isLast, out var unit, out var size))
                return false;
            if (!WordChars.IsWord(unit))
                return true;
            TakeWide(unit);
            at += size;
        }
    }

    /// <summary>Takes ASCII word characters up to the longest word; beyond it, only counts them off.</summary>
    private void TakeAscii(ReadOnlySpan<byte> input, ref int at)
    {
        var ascii = WordChars.Ascii;
        var place = at;
        if (_tooLong)
        {
            while (place < input.Length && ascii[input[place]] is not (WordChars.Separator or WordChars.Wide))
                place++;
            at = place;
            return;
        }

        var word = _word;
        var length = _length;
        var end = Math.Min(input.Length, at + (MaxChars - _chars));
        while (place < end)
        {
            var code = ascii[input[place]];
            if (code is WordChars.Separator or WordChars.Wide)
                break;
            word[length++] = code;
            place++;
        }

        _length = length;
        _chars += place - at;
        at = place;
    }

    private void TakeWide(char unit)
    {
        if (_chars == MaxChars)
            _tooLong = true;
        if (_tooLong)
            return;
        _chars++;
        _length += new Rune(char.ToLowerInvariant(unit)).EncodeToUtf8(_word.AsSpan(_length));
    }

    /// <summary>
    /// The character at the start of the input, as the unit that decides whether it is part of a word. False: it is incomplete, and more
    /// may come.
    /// </summary>
    private static bool TryDecode(ReadOnlySpan<byte> input, bool isLast, out char unit, out int size)
    {
        var status = Rune.DecodeFromUtf8(input, out var rune, out size);
        unit = rune.IsBmp ? (char)rune.Value : (char)Rune.ReplacementChar.Value;
        return isLast || status != OperationStatus.NeedMoreData;
    }

    /// <summary>Remembers the first bytes of a run as the source has them, before the input is gone.</summary>
    private void KeepStart(ReadOnlySpan<byte> run)
    {
        var kept = run[..Math.Min(run.Length, StartBytes - _startLength)];
        kept.CopyTo(_start.AsSpan(_startLength));
        _startLength += kept.Length;
    }
}
