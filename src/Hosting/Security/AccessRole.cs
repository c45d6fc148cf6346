namespace RaftStream.Hosting.Security;

/// <summary>What somebody may do; each role includes those before it.</summary>
internal enum AccessRole : byte
{
    /// <summary>Nothing but what everybody may.</summary>
    None = 0,

    /// <summary>Reads and watches, and how the node stands.</summary>
    Read = 1,

    /// <summary>Writes, ingests and sessions.</summary>
    Write = 2,

    /// <summary>Members, hand-overs and backups.</summary>
    Admin = 3,
}

/// <summary>How roles are written.</summary>
internal static class AccessRoles
{
    /// <summary>The role of that name; null where there is none, and for "none", which nobody is given.</summary>
    public static AccessRole? Parse(string text) => text switch
    {
        "read" => AccessRole.Read,
        "write" => AccessRole.Write,
        "admin" => AccessRole.Admin,
        _ => null,
    };

    /// <summary>The name that <see cref="Parse"/> reads.</summary>
    public static string NameOf(this AccessRole role) => role switch
    {
        AccessRole.Read => "read",
        AccessRole.Write => "write",
        AccessRole.Admin => "admin",
        _ => "none",
    };
}
