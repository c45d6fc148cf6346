using System.Globalization;
using System.Reflection;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Resp;

/// <summary>What a connection says of itself: who it is, which dialect it speaks, its name. One a connection.</summary>
internal sealed class ConnectionCommands(RespSession session, RespWriter writer, AccessControl access)
{
    /// <summary>The version of Redis whose commands these are: clients look at it to see what they may send.</summary>
    public const string RedisVersion = "7.4.0";

    private const int LongestName = 128;

    /// <summary>This program's own.</summary>
    public static string OwnVersion { get; } =
        typeof(ConnectionCommands).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>AUTH [name] token.</summary>
    public void Auth(in RespCommand command)
    {
        if (command.Count > 3)
            writer.Error(RespErrors.Syntax);
        else if (access.IsOpen)
            writer.Error("ERR AUTH called without any token configured: this node lets everybody in, start it with tokens or leave AUTH out");
        else if (TryAuthenticate(command.Count == 3 ? command.Text(1) : null, command.Span(command.Count - 1)))
            writer.Simple("OK");
    }

    /// <summary>HELLO [version [AUTH name token] [SETNAME name]].</summary>
    public void Hello(in RespCommand command, Role role)
    {
        var version = writer.Version;
        if (command.Count > 1)
        {
            if (!int.TryParse(command.Text(1), NumberStyles.None, CultureInfo.InvariantCulture, out version))
            {
                writer.Error("ERR Protocol version is not an integer or out of range");
                return;
            }

            if (version is not (2 or 3))
            {
                writer.Error("NOPROTO unsupported protocol version");
                return;
            }
        }

        string? name = null;
        for (var i = 2; i < command.Count;)
        {
            if (command.Is(i, "auth"u8) && i + 2 < command.Count)
            {
                if (!access.IsOpen && !TryAuthenticate(command.Text(i + 1), command.Span(i + 2)))
                    return;
                i += 3;
            }
            else if (command.Is(i, "setname"u8) && i + 1 < command.Count)
            {
                name = command.Text(i + 1);
                i += 2;
            }
            else
            {
                writer.Error($"ERR Syntax error in HELLO option '{RespErrors.Short(command.Text(i))}'");
                return;
            }
        }

        if (session.Caller.Principal is null)
        {
            writer.Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
            return;
        }

        if (name is not null && !TrySetName(name))
            return;
        writer.Version = version;
        Describe(role);
    }

    /// <summary>SELECT 0.</summary>
    public void Select(in RespCommand command)
    {
        if (!DataRun.TryNumber(command.Span(1), out var database))
            writer.Error("ERR invalid DB index");
        else if (database != 0)
            writer.Error("ERR DB index is out of range: there is database 0 alone");
        else
            writer.Simple("OK");
    }

    /// <summary>CLIENT ...</summary>
    public void Client(in RespCommand command)
    {
        if (command.Is(1, "setname"u8) && command.Count == 3)
        {
            if (TrySetName(command.Text(2)))
                writer.Simple("OK");
        }
        else if (command.Is(1, "getname"u8) && command.Count == 2)
        {
            if (session.Name.Length == 0)
                writer.Null();
            else
                writer.Bulk(session.Name);
        }
        else if (command.Is(1, "setinfo"u8) && command.Count == 4)
        {
            SetInfo(command);
        }
        else if (command.Is(1, "id"u8) && command.Count == 2)
        {
            writer.Integer(session.Id);
        }
        else if (command.Is(1, "info"u8) && command.Count == 2)
        {
            writer.Verbatim(string.Create(CultureInfo.InvariantCulture, $"id={session.Id} addr={session.Address} name={session.Name} age={(long)(DateTimeOffset.UtcNow - session.Since).TotalSeconds} db=0 resp={writer.Version} user={session.Caller.Principal?.Name} lib-name={session.Library} lib-ver={session.LibraryVersion}\n"));
        }
        else if ((command.Is(1, "no-evict"u8) || command.Is(1, "no-touch"u8)) && command.Count == 3 && (command.Is(2, "on"u8) || command.Is(2, "off"u8)))
        {
            // Nothing is ever evicted, and nothing is kept of when a key was used.
            writer.Simple("OK");
        }
        else
        {
            writer.Error(RespErrors.Subcommand(command));
        }
    }

    /// <summary>RESET: as if the connection had just come.</summary>
    public void Reset()
    {
        session.Reset();
        writer.Version = 2;
        writer.Simple("RESET");
    }

    private bool TryAuthenticate(string? name, ReadOnlySpan<byte> token)
    {
        // A name is for people: the token alone tells who it is. But a wrong one is a mistake that its user wants to know of.
        if (session.Caller.TryAuthenticate(token, name is null or "default" ? null : name))
            return true;
        writer.Error(RespErrors.WrongPass);
        return false;
    }

    private bool TrySetName(string name)
    {
        if (!IsPlain(name))
        {
            writer.Error($"ERR Client names cannot contain spaces, newlines or special characters, nor more than {LongestName} of any");
            return false;
        }

        session.Name = name;
        return true;
    }

    private void SetInfo(in RespCommand command)
    {
        var value = command.Text(3);
        if (!IsPlain(value))
        {
            writer.Error($"ERR {RespErrors.Short(command.Text(2))} cannot contain spaces, newlines or special characters, nor more than {LongestName} of any");
            return;
        }

        if (command.Is(2, "lib-name"u8))
            session.Library = value;
        else if (command.Is(2, "lib-ver"u8))
            session.LibraryVersion = value;
        else
        {
            writer.Error($"ERR Unrecognized option '{RespErrors.Short(command.Text(2))}'");
            return;
        }

        writer.Simple("OK");
    }

    private static bool IsPlain(string text) => text.Length <= LongestName && text.All(static letter => letter is > ' ' and <= '~');

    private void Describe(Role role)
    {
        writer.Map(7);
        Pair("server", "redis");
        Pair("version", RedisVersion);
        writer.Bulk("proto");
        writer.Integer(writer.Version);
        writer.Bulk("id");
        writer.Integer(session.Id);
        Pair("mode", "standalone");
        Pair("role", role == Role.Leader ? "master" : "replica");
        writer.Bulk("modules");
        writer.Array(0);

        void Pair(string key, string value)
        {
            writer.Bulk(key);
            writer.Bulk(value);
        }
    }
}
