declare module 'dsmr-parser' {
  const parser: {
    /** Parses one telegram with CR LF line ends. Throws when it is none. */
    parse(telegram: string): { readonly objects: Readonly<Record<string, unknown>> };
  };
  export default parser;
}
