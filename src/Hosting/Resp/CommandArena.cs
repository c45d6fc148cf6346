using System.Text;

namespace RaftStream.Hosting.Resp;

/// <summary>Why a command that was read cannot be carried out, although what follows it can.</summary>
internal enum RespFault : byte
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>An argument is longer than <see cref="RespLimits.MaxBulk"/>.</summary>
    ArgumentTooLong = 1,

    /// <summary>It has more than <see cref="RespLimits.MaxArguments"/> arguments.</summary>
    TooManyArguments = 2,

    /// <summary>Its arguments have more than <see cref="RespLimits.MaxCommandBytes"/> bytes.</summary>
    TooLarge = 3,
}

/// <summary>
/// The commands of one round of a connection: the bytes of their arguments one after another in one buffer, which is used again for the next round. Owned by one
/// connection; what is read out of it is good until <see cref="Clear"/>.
/// </summary>
internal sealed class CommandArena(int maxCommands = RespLimits.MaxPipeline)
{
    /// <summary>A round ends when its commands have so many bytes: one more command, of <see cref="RespLimits.MaxCommandBytes"/>, may follow that begins before.</summary>
    public const int RoundBytes = 1024 * 1024;

    private const int SmallestBuffer = 4 * 1024;
    private const int LargestKept = 64 * 1024;

    private readonly List<(int Start, int Length)> _arguments = [];
    private readonly List<(int First, int Count, RespFault Fault)> _commands = [];
    private byte[] _bytes = new byte[SmallestBuffer];
    private int _used;
    private int _first;
    private int _start;
    private int _commandStart;
    private RespFault _fault;

    /// <summary>The commands that are whole.</summary>
    public int Count => _commands.Count;

    /// <summary>Whether it should be worked at before more is read.</summary>
    public bool IsFull => _commands.Count >= maxCommands || _commandStart >= RoundBytes;

    /// <summary>The bytes of the command that is being read.</summary>
    public int CommandBytes => _used - _commandStart;

    /// <summary>The arguments so far of the command that is being read.</summary>
    public int CommandArguments => _arguments.Count - _first;

    /// <summary>Whether something is wrong with the command that is being read: its bytes need not be kept.</summary>
    public bool IsFaulty => _fault != RespFault.None;

    /// <summary>A command.</summary>
    public RespCommand this[int index]
    {
        get
        {
            var (first, count, fault) = _commands[index];
            return new(this, first, count, fault);
        }
    }

    /// <summary>Says what is wrong with the command that is being read; the first word stands.</summary>
    public void Mark(RespFault fault) => _fault = IsFaulty ? _fault : fault;

    /// <summary>More bytes of the argument that is being read.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_used + bytes.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_used + bytes.Length, _bytes.Length * 2));
        bytes.CopyTo(_bytes.AsSpan(_used));
        _used += bytes.Length;
    }

    /// <summary>The argument that is being read is whole.</summary>
    public void EndArgument()
    {
        _arguments.Add((_start, _used - _start));
        _start = _used;
    }

    /// <summary>The command that is being read is whole.</summary>
    public void EndCommand()
    {
        _commands.Add((_first, _arguments.Count - _first, _fault));
        (_first, _commandStart, _start, _fault) = (_arguments.Count, _used, _used, RespFault.None);
    }

    /// <summary>Forgets the commands that are whole; what was read of the next one stays.</summary>
    public void Clear()
    {
        var (arguments, bytes) = (_first, _commandStart);
        _commands.Clear();
        _arguments.RemoveRange(0, arguments);
        for (var i = 0; i < _arguments.Count; i++)
            _arguments[i] = (_arguments[i].Start - bytes, _arguments[i].Length);
        var kept = _used - bytes;
        var target = _bytes.Length > LargestKept && kept <= SmallestBuffer ? new byte[SmallestBuffer] : _bytes;
        _bytes.AsSpan(bytes, kept).CopyTo(target);
        (_bytes, _used, _start, _first, _commandStart) = (target, kept, _start - bytes, 0, 0);
    }

    internal ReadOnlyMemory<byte> ArgumentAt(int index)
    {
        var (start, length) = _arguments[index];
        return new(_bytes, start, length);
    }
}

/// <summary>A command as it came: its name and arguments, or what is wrong with it.</summary>
internal readonly struct RespCommand(CommandArena arena, int first, int count, RespFault fault)
{
    /// <summary>How many arguments, the name included.</summary>
    public int Count => count;

    /// <summary>What is wrong with it; its arguments are not all there then.</summary>
    public RespFault Fault => fault;

    /// <summary>An argument; 0 is the name.</summary>
    public ReadOnlyMemory<byte> this[int index] => arena.ArgumentAt(first + index);

    /// <summary>An argument's bytes.</summary>
    public ReadOnlySpan<byte> Span(int index) => this[index].Span;

    /// <summary>An argument as text, for what is compared with words or told back: what is no UTF-8 shows as U+FFFD.</summary>
    public string Text(int index) => Encoding.UTF8.GetString(Span(index));

    /// <summary>Whether an argument is a word, whatever its case.</summary>
    public bool Is(int index, ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(Span(index), word);
}
